"""`hub sources`: hub URLs with their credentials and limits."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import HubClient, Problem
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import json_input
from hub.cli.terminal.output import json_always, json_option, print_json, print_table

__all__ = ["sources"]


@click.group(cls=Group)
def sources() -> None:
    """Manage sources: addresses that senders call, their credentials and limits."""


@sources.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List sources, newest first; workflows' own ones too."""
    items = HubClient().call("GET", "/api/sources", query={"limit": "200"})["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (one["id"], one["name"], one["vendor"], one["workflow"] or "shared", "yes" if one["enabled"] else "no")
        for one in items
    ]
    columns = ("id", "name", "vendor", "workflow", "enabled")
    print_table(columns, rows, empty="There is no source: hub sources create")


@sources.command()
@click.argument("source")
@json_option
def show(source: str, *, as_json: bool) -> None:
    """Show a source: its addresses and its credentials, masked, with their last use."""
    found = HubClient().call("GET", f"/api/sources/{source}")
    if as_json:
        print_json(found)
        return
    for name, url in found["urls"].items():
        click.echo(f"{name}: {url}")
    rows = [
        (one["n"], one["slot"], one["label"], one["masked"], _life(one), one["expires"], one["last_used"])
        for one in found["credentials"]
    ]
    print_table(("n", "slot", "label", "value", "state", "expires", "last used"), rows, empty="No credential is set.")


@sources.command()
@click.argument("source")
@json_option
def guide(source: str, *, as_json: bool) -> None:
    """Show what to do at the source's vendor, with the address to paste there."""
    found = HubClient().call("GET", f"/api/sources/{source}/guide")
    if as_json:
        print_json(found)
        return
    if found["guide"] is None:
        vendor = found["vendor"]
        raise Problem(f"no active plugin has a guide for {vendor!r}" if vendor else "the source has no vendor")
    click.echo(found["guide"].rstrip())


@sources.command()
@click.argument("fields", metavar="[JSON]", required=False)
@json_option
def create(fields: str | None, *, as_json: bool) -> None:
    """Create a shared source: JSON, @FILE or - for standard input."""
    made = HubClient().call("POST", "/api/sources", json_input(fields) if fields else {})
    if as_json:
        print_json(made)
        return
    click.echo(made["id"])
    for name, url in made["urls"].items():
        click.echo(f"{name}: {url}")


@sources.command()
@click.argument("source")
@click.argument("fields", metavar="JSON")
@json_always
def update(source: str, fields: str) -> None:
    """Replace top-level fields: JSON, @FILE or - for standard input."""
    print_json(HubClient().call("PATCH", f"/api/sources/{source}", json_input(fields)))


@sources.command()
@click.argument("source")
def delete(source: str) -> None:
    """Delete a shared source."""
    HubClient().call("DELETE", f"/api/sources/{source}")
    click.echo(f"{source} is deleted")


@sources.command("add-secret")
@click.argument("source")
@click.option(
    "--slot", default="signing", show_default=True, help="url, hmac, shared_key, or a slot of the source's vendor."
)
@click.option("--secret", help="Made by the hub and shown once, if left out.")
@click.option("--label", help="Tenant or key id that it belongs to.")
@click.option("--overlap", type=int, metavar="SECONDS", help="Older ones of the slot expire after it; 0 at once.")
def add_secret(source: str, slot: str, secret: str | None, label: str | None, overlap: int | None) -> None:
    """Add a secret beside the older ones."""
    given = {"slot": slot, "secret": secret, "label": label, "overlap_seconds": overlap}
    body = {name: value for name, value in given.items() if value is not None}
    made = HubClient().call("POST", f"/api/sources/{source}/secrets", body)
    click.echo(made["id"])
    if "secret" in made:
        click.echo(f"secret (shown this once): {made['secret']}")


@sources.command("delete-secret")
@click.argument("source")
@click.argument("n")
def delete_secret(source: str, n: str) -> None:
    """Delete a secret at once, by its number or id."""
    HubClient().call("DELETE", f"/api/sources/{source}/secrets/{n}")
    click.echo("deleted")


@sources.command("api-key")
@click.argument("source")
@click.option("--revoke", "what", flag_value="revoke", help="Block every request until a new key is made.")
@click.option("--delete", "what", flag_value="delete", help="Remove the protection.")
def api_key(source: str, what: str | None) -> None:
    """Make the source's API key, or a new one in place of the old."""
    path = f"/api/sources/{source}/api-key"
    if what == "revoke":
        HubClient().call("POST", f"{path}/revoke")
        click.echo("revoked; every request is refused until a new key is made or the protection is removed")
    elif what == "delete":
        HubClient().call("DELETE", path)
        click.echo("the protection by an API key is removed")
    else:
        click.echo(f"API key (shown this once): {HubClient().call('POST', path)['api_key']}")


def _life(credential: dict[str, Any]) -> str:
    return "revoked" if credential["revoked"] else "live" if credential["live"] else "expired"
