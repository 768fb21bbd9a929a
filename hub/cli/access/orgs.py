"""`hub orgs`: the tenants of the instance."""

from __future__ import annotations

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["orgs"]


@click.group(cls=Group)
def orgs() -> None:
    """Manage orgs. HUB_ORG is the org in which the other commands act."""


@orgs.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List orgs."""
    items = HubClient().call("GET", "/api/orgs")["items"]
    if as_json:
        print_json(items)
        return
    print_table(("name", "id", "created"), [(one["name"], one["id"], one["created"]) for one in items], empty="")


@orgs.command()
@click.argument("name")
@json_option
def create(name: str, *, as_json: bool) -> None:
    """Create an org."""
    made = HubClient().call("POST", "/api/orgs", {"name": name})
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made['id']}\nNext: HUB_ORG={name} hub keys create NAME --role admin")
