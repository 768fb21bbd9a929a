"""`hub webhooks`: VibeIQ's webhooks, which are shared sources that are open."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import json_input
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["webhooks"]

_COLUMNS = ("id", "created", "updated", "org")


@click.group(cls=Group)
def webhooks() -> None:
    """Manage webhooks. One starts every workflow that has the trigger `webhookId:ID`."""


@webhooks.command()
@click.argument("fields", metavar="[JSON]", required=False)
@json_option
def create(fields: str | None, *, as_json: bool) -> None:
    """Create a webhook, with source fields from JSON, @FILE or - (standard input)."""
    _show(
        [HubClient().call("POST", "/api/webhooks", json_input(fields) if fields else None)], as_json=as_json, one=True
    )


@webhooks.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List webhooks, newest first."""
    _show(HubClient().call("GET", "/api/webhooks"), as_json=as_json)


@webhooks.command()
@click.argument("webhook")
@json_option
def get(webhook: str, *, as_json: bool) -> None:
    """Show a webhook."""
    _show([HubClient().call("GET", f"/api/webhooks/{webhook}")], as_json=as_json, one=True)


@webhooks.command()
@click.argument("webhook")
@click.argument("fields", metavar="JSON")
@json_option
def update(webhook: str, fields: str, *, as_json: bool) -> None:
    """Replace fields of its source with those of JSON, @FILE or - (standard input)."""
    made = HubClient().call("PATCH", f"/api/webhooks/{webhook}", json_input(fields))
    _show([made], as_json=as_json, one=True)


@webhooks.command()
@click.argument("webhook")
def delete(webhook: str) -> None:
    """Delete a webhook."""
    HubClient().call("DELETE", f"/api/webhooks/{webhook}")
    click.echo(f"deleted {webhook}")


def _show(items: list[dict[str, Any]], *, as_json: bool, one: bool = False) -> None:
    if as_json:
        print_json(items[0] if one else items)
        return
    rows = [(item["id"], item["createdOn"], item["updatedOn"], item["orgId"]) for item in items]
    print_table(_COLUMNS, rows, empty="There are no webhooks. Create one: hub webhooks create")
