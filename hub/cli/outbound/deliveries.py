"""`hub deliveries`: deliveries and their attempts, and messages by outcome."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import moment_input
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["deliveries"]

_STATES = ("pending", "paused", "delivered", "dead", "skipped", "cancelled")


@click.group(cls=Group)
def deliveries() -> None:
    """List deliveries, read them, send them again."""


@deliveries.command("list")
@click.option("--subscription", help="Only deliveries of this subscription.")
@click.option("--state", type=click.Choice(_STATES), help="Only deliveries in this state.")
@click.option("--limit", default=50, show_default=True, help="How many to list, at most 200.")
@json_option
def list_(subscription: str | None, state: str | None, limit: int, *, as_json: bool) -> None:
    """List deliveries, newest first."""
    query = {"subscription": subscription, "state": state, "limit": str(limit)}
    items = HubClient().call("GET", "/api/deliveries", query=query)["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (one["id"], one["type"], one["subscription"], one["state"], one["attempt_count"], one["error"]) for one in items
    ]
    print_table(
        ("id", "type", "subscription", "state", "attempts", "error"), rows, empty="There are no such deliveries."
    )


@deliveries.command()
@click.argument("delivery")
@json_option
def show(delivery: str, *, as_json: bool) -> None:
    """Show a delivery with its attempts."""
    found = HubClient().call("GET", f"/api/deliveries/{delivery}")
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['id']}  {found['type']}  {found['state']}  message {found['message']}")
    rows = [
        (
            one["number"],
            one["at"],
            one["address"],
            one["status"],
            f"{one['duration_ms']} ms",
            one["error"] or "delivered",
        )
        for one in found["attempts"]
    ]
    print_table(
        ("attempt", "time", "address", "status", "duration", "outcome"), rows, empty="There are no attempts yet."
    )


@deliveries.command()
@click.argument("delivery")
def retry(delivery: str) -> None:
    """Send a finished delivery again, with the same id and body."""
    found = HubClient().call("POST", f"/api/deliveries/{delivery}/retry")
    click.echo(f"{delivery} is {found['state']}")


@deliveries.command()
@click.option(
    "--since",
    default="1d",
    show_default=True,
    help="Messages accepted from this time on: 90m, 2h or 3d ago, or ISO 8601.",
)
@json_option
def account(since: str, *, as_json: bool) -> None:
    """Count messages by outcome."""
    found = HubClient().call("GET", "/api/messages/account", query={"since": str(moment_input(since))})
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['messages']} messages accepted since {found['since']}")
    rows: list[tuple[Any, ...]] = [
        (name, found[name]) for name in ("delivered", "undelivered", "unmatched", "dropped", "held")
    ]
    print_table(("messages", "count"), rows, empty="")
    click.echo()
    print_table(("deliveries", "count"), found["deliveries"].items(), empty="There are no deliveries.")


@deliveries.command()
@click.option("--limit", default=50, show_default=True, help="How many to list, at most 200.")
@json_option
def undelivered(limit: int, *, as_json: bool) -> None:
    """List messages that have not been delivered to every subscription."""
    query = {"undelivered": "true", "limit": str(limit)}
    items = HubClient().call("GET", "/api/messages", query=query)["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (
            one["id"],
            one["type"],
            one["created"],
            ", ".join(f"{count} {state}" for state, count in one["states"].items()),
        )
        for one in items
    ]
    print_table(("message", "type", "accepted", "deliveries"), rows, empty="Everything has been delivered.")


@deliveries.command()
@click.argument("message")
def replay(message: str) -> None:
    """Send a message again to all subscriptions that match it now."""
    found = HubClient().call("POST", f"/api/messages/{message}/replay")
    click.echo(f"{found['id']} goes to {found['deliveries']} subscriptions")
