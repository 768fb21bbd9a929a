"""`hub sources`: inbound URLs with their credentials and limits."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import CallFailed, HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import json_input
from hub.cli.terminal.output import json_always, json_option, print_json, print_table

__all__ = ["sources"]


@click.group(cls=Group)
def sources() -> None:
    """Manage sources: the URLs that senders call, with their credentials and limits."""


@sources.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List sources, newest first, including those of workflows."""
    items = HubClient().call("GET", "/api/sources", query={"limit": "200"})["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (one["id"], one["name"], one["vendor"], one["workflow"] or "shared", "yes" if one["enabled"] else "no")
        for one in items
    ]
    columns = ("id", "name", "vendor", "workflow", "enabled")
    print_table(columns, rows, empty="There are no sources. Create one: hub sources create")


@sources.command()
@click.argument("source")
@json_option
def show(source: str, *, as_json: bool) -> None:
    """Show the URLs of a source and its credentials, masked, with their last use."""
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
    print_table(("n", "slot", "label", "value", "state", "expires", "last used"), rows, empty="It has no credentials.")


@sources.command()
@click.argument("source")
@json_option
def guide(source: str, *, as_json: bool) -> None:
    """Show what to do in the console of the source's vendor, with the URL to paste there."""
    found = HubClient().call("GET", f"/api/sources/{source}/guide")
    if as_json:
        print_json(found)
        return
    if found["guide"] is None:
        vendor = found["vendor"]
        raise CallFailed(f"no active plugin has a guide for {vendor!r}" if vendor else "the source has no vendor")
    click.echo(found["guide"].rstrip())


@sources.command()
@click.argument("fields", metavar="[JSON]", required=False)
@json_option
def create(fields: str | None, *, as_json: bool) -> None:
    """Create a shared source, with fields from JSON, @FILE or - (standard input)."""
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
    """Replace top-level fields with those of JSON, @FILE or - (standard input)."""
    print_json(HubClient().call("PATCH", f"/api/sources/{source}", json_input(fields)))


@sources.command()
@click.argument("source")
def delete(source: str) -> None:
    """Delete a shared source."""
    HubClient().call("DELETE", f"/api/sources/{source}")
    click.echo(f"deleted {source}")


@sources.command("add-secret")
@click.argument("source")
@click.option("--slot", default="signing", show_default=True, help="url, hmac, shared_key, or a slot of the vendor.")
@click.option("--secret", help="The secret; by default the hub generates one and shows it once.")
@click.option("--label", help="Tenant or key id that it belongs to.")
@click.option("--overlap", type=int, metavar="SECONDS", help="When older secrets of the slot expire; 0 for at once.")
def add_secret(source: str, slot: str, secret: str | None, label: str | None, overlap: int | None) -> None:
    """Add a secret. Older ones stay valid unless --overlap is given."""
    given = {"slot": slot, "secret": secret, "label": label, "overlap_seconds": overlap}
    body = {name: value for name, value in given.items() if value is not None}
    made = HubClient().call("POST", f"/api/sources/{source}/secrets", body)
    click.echo(made["id"])
    if "secret" in made:
        click.echo(f"secret (shown only once): {made['secret']}")


@sources.command("delete-secret")
@click.argument("source")
@click.argument("n")
def delete_secret(source: str, n: str) -> None:
    """Delete a secret, given its number or id. It stops working at once."""
    HubClient().call("DELETE", f"/api/sources/{source}/secrets/{n}")
    click.echo("deleted")


@sources.command("api-key")
@click.argument("source")
@click.option("--revoke", "what", flag_value="revoke", help="Refuse every request until there is a new key.")
@click.option("--delete", "what", flag_value="delete", help="Remove the key, so that requests need none.")
def api_key(source: str, what: str | None) -> None:
    """Create the API key of a source, or replace it."""
    path = f"/api/sources/{source}/api-key"
    if what == "revoke":
        HubClient().call("POST", f"{path}/revoke")
        click.echo("revoked; every request is refused until you create a new key or delete this one")
    elif what == "delete":
        HubClient().call("DELETE", path)
        click.echo("deleted; requests need no API key")
    else:
        click.echo(f"API key (shown only once): {HubClient().call('POST', path)['api_key']}")


def _life(credential: dict[str, Any]) -> str:
    return "revoked" if credential["revoked"] else "live" if credential["live"] else "expired"
