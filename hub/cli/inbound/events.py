"""`hub events`: publish messages, list event types."""

from __future__ import annotations

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import json_input
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["events"]


@click.group(cls=Group)
def events() -> None:
    """Publish messages, list event types."""


@events.command()
@click.argument("type_", metavar="TYPE")
@click.argument("data", metavar="JSON")
@click.option("--client", help="Client that the message concerns.")
@click.option("--ordering-key", help="Messages with the same key are delivered in order.")
@click.option("--idempotency-key", help="Publishing again with the same key has no effect.")
@json_option
def publish(
    type_: str, data: str, client: str | None, ordering_key: str | None, idempotency_key: str | None, *, as_json: bool
) -> None:
    """Publish a message of TYPE with data from JSON, @FILE or - (standard input)."""
    body = {"type": type_, "data": json_input(data), "client": client, "ordering_key": ordering_key}
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    published = HubClient().call("POST", "/api/messages", body, headers=headers)
    if as_json:
        print_json(published)
    else:
        count = published["deliveries"]
        click.echo(f"{published['id']} goes to {count} subscription{'' if count == 1 else 's'}")


@events.command()
@click.option(
    "--direction", type=click.Choice(["in", "out"]), help="Only types that are received (in) or published (out)."
)
@json_option
def types(direction: str | None, *, as_json: bool) -> None:
    """List the event types of the catalog."""
    items = HubClient().call("GET", "/api/event-types", query={"direction": direction})["items"]
    if as_json:
        print_json(items)
        return
    rows = [(one["name"], one["direction"], one["vendor"], one["summary"]) for one in items]
    print_table(("name", "direction", "vendor", "summary"), rows, empty="There are no event types.")
