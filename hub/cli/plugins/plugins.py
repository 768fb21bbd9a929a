"""`hub plugins`: installed plugins and their state."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from hub.cli.plugins.plugin_check import check
from hub.cli.plugins.plugin_freeze import freeze
from hub.cli.plugins.plugin_new import new
from hub.cli.terminal.client import CallFailed, HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["plugins"]


@click.group(cls=Group, invoke_without_command=True)
@json_option
@click.pass_context
def plugins(context: click.Context, *, as_json: bool) -> None:
    """List plugins with version, status, reason and what they add.

    The list comes from the running hub, which knows of failures since its start. Without a running hub it has the
    plugins that are installed here.
    """
    if context.invoked_subcommand is None:
        _show(as_json=as_json)


@plugins.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List plugins."""
    _show(as_json=as_json)


@plugins.command()
@click.argument("name")
def disable(name: str) -> None:
    """Disable a plugin in the running hub. Its sources answer 503."""
    HubClient().call("POST", f"/api/plugins/{name}/disable")
    click.echo(f"{name} is disabled; enable it again with `hub plugins enable {name}`")


@plugins.command()
@click.argument("name")
def enable(name: str) -> None:
    """Enable a plugin in the running hub."""
    answer = HubClient().call("POST", f"/api/plugins/{name}/enable")
    click.echo(f"{name} is {answer['status']}{': ' + answer['reason'] if answer['reason'] else ''}")


@plugins.command()
@click.argument("vendor")
@json_option
def guide(vendor: str, *, as_json: bool) -> None:
    """Show which secrets a source of VENDOR needs, and the guide to the vendor's console.

    `hub sources guide SOURCE` shows the guide with the URL of a source.
    """
    found = HubClient().call("GET", f"/api/vendors/{quote(vendor, safe='')}")
    if as_json:
        print_json(found)
        return
    rows = [
        (one["slot"], one["title"], _maker(one), "" if one["required"] else "optional") for one in found["credentials"]
    ]
    print_table(("slot", "secret", "made by", ""), rows, empty=f"{found['title']} needs no secret.")
    click.echo(f"\n{found['guide'] or 'The plugin has no guide.'}")


def _maker(credential: dict[str, Any]) -> str:
    return {"vendor": "the vendor", "hub": "you or the hub", "handshake": "a handshake"}[credential["origin"]]


for _command in (check, freeze, new):
    plugins.add_command(_command)


def _show(*, as_json: bool) -> None:
    items = _statuses()
    if as_json:
        print_json(items)
        return
    rows = [
        (
            one["name"],
            one["version"],
            one["status"],
            "; ".join(f"{kind}: {_few(names)}" for kind, names in one["adds"].items()),
            one["reason"],
        )
        for one in items
    ]
    print_table(
        ("name", "version", "status", "adds", "reason"),
        rows,
        empty="No plugins are installed. Install one: pip install hub-okta",
    )


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def _statuses() -> list[dict[str, Any]]:
    try:
        items: list[dict[str, Any]] = HubClient().call("GET", "/api/plugins")["items"]
    except CallFailed:
        return _installed()
    return items


def _installed() -> list[dict[str, Any]]:
    from hub.api.instance.plugins import plugin_view
    from hub.cli.plugins.installed import installed_plugins

    return [plugin_view(status) for status in installed_plugins().statuses()]
