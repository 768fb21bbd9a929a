"""`hub connections`: secrets for outgoing calls."""

from __future__ import annotations

import sys

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["connections"]


@click.group(cls=Group)
def connections() -> None:
    """Manage connections: secrets to which nodes refer as connections.NAME.FIELD."""


@connections.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List connections, without their values."""
    items = HubClient().call("GET", "/api/connections")["items"]
    if as_json:
        print_json(items)
        return
    rows = [(one["name"], one["kind"], ", ".join(one["fields"]), one["updated"]) for one in items]
    print_table(
        ("name", "kind", "fields", "updated"), rows, empty="There are no connections. Set one: hub connections set NAME"
    )


@connections.command("set")
@click.argument("name")
@click.option("--kind", default="secret", show_default=True, help="Purpose, such as slack or github.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME",
    help="Field to set, by default token. You are asked for its value.",
)
def set_(name: str, kind: str, fields: tuple[str, ...]) -> None:
    """Create or replace a connection, with values that you enter, or that standard input has, one per line."""
    values = {field: _value(field) for field in fields or ("token",)}
    HubClient().call("PUT", f"/api/connections/{name}", {"kind": kind, "values": values})
    click.echo(f"connections.{name} is set: {', '.join(values)}")


@connections.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete a connection."""
    HubClient().call("DELETE", f"/api/connections/{name}")
    click.echo(f"deleted {name}")


def _value(field: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(field, hide_input=True))
    value = sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise click.ClickException(f"standard input has no line with the value of {field}")
    return value
