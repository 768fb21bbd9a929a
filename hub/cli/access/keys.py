"""`hub keys`: API keys of an org, and the master key of the instance."""

from __future__ import annotations

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.output import json_option, print_json, print_table
from hub.cli.terminal.progress import watch_job

__all__ = ["keys"]


@click.group(cls=Group)
def keys() -> None:
    """Manage API keys."""


@keys.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the keys of the org, including revoked ones."""
    items = HubClient().call("GET", "/api/keys")["items"]
    if as_json:
        print_json(items)
        return
    rows = [(one["id"], one["name"], one["role"], f"…{one['last4']}", one["expires"], one["revoked"]) for one in items]
    print_table(("id", "name", "role", "key", "expires", "revoked"), rows, empty="There are no keys.")


@keys.command()
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(["admin", "editor", "viewer", "publisher"]))
@click.option("--operator", is_flag=True, help="Let the key manage the instance and act in every org.")
@json_option
def create(name: str, role: str, *, operator: bool, as_json: bool) -> None:
    """Create a key and show it once."""
    made = HubClient().call("POST", "/api/keys", {"name": name, "role": role, "operator": operator})
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made['id']}\nkey (shown only once): {made['key']}")


@keys.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Revoke a key, given its id. It stops working at once."""
    HubClient().call("DELETE", f"/api/keys/{key}")
    click.echo(f"revoked {key}")


@keys.command("rotate-master")
def rotate_master() -> None:
    """Create a new master key and encrypt all secrets again with it, while the hub runs.

    Older key files stay in `keys` in the data directory, since backups of the database need them.
    """
    client = HubClient()
    job = watch_job(client, client.call("POST", "/api/master-key/rotate"))
    if job["state"] != "done":
        raise click.ClickException(f"the rotation is {job['state']}: {job['error']}")
    click.echo(f"done: {job['done']} secrets are encrypted with the new master key")
