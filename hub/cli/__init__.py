"""The command line: one group of commands per file, imported when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

import click

from hub.cli.terminal.group import Group

__all__ = ["main"]

_COMMANDS = {
    "audit": ("hub.cli.access.audit", "audit"),
    "connections": ("hub.cli.access.connections", "connections"),
    "deliveries": ("hub.cli.outbound.deliveries", "deliveries"),
    "events": ("hub.cli.inbound.events", "events"),
    "executions": ("hub.cli.workflows.executions", "executions"),
    "init": ("hub.cli.instance.init", "init"),
    "jobs": ("hub.cli.instance.jobs", "jobs"),
    "keys": ("hub.cli.access.keys", "keys"),
    "listen": ("hub.cli.inbound.listen", "listen"),
    "orgs": ("hub.cli.access.orgs", "orgs"),
    "plugins": ("hub.cli.plugins.plugins", "plugins"),
    "recover": ("hub.cli.outbound.recover", "recover"),
    "replay": ("hub.cli.inbound.requests", "replay"),
    "requests": ("hub.cli.inbound.requests", "requests"),
    "serve": ("hub.cli.instance.serve", "serve"),
    "sources": ("hub.cli.inbound.sources", "sources"),
    "subscriptions": ("hub.cli.outbound.subscriptions", "subscriptions"),
    "tail": ("hub.cli.inbound.tail", "tail"),
    "trigger": ("hub.cli.inbound.trigger", "trigger"),
    "webhooks": ("hub.cli.outbound.webhooks", "webhooks"),
    "workflows": ("hub.cli.workflows.workflows", "workflows"),
}


class _Lazy(Group):
    """Imports the file of a command when the command is used, and the plugins for a command that the core lacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_COMMANDS, *_plugin_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name) or _plugin_commands().get(cmd_name)
        module, name = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name} is not a command")
        return command


@cache
def _plugin_commands() -> Mapping[str, click.Command]:
    from hub.cli.plugins.installed import installed_plugins

    return installed_plugins().commands


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="integration-hub", prog_name="hub")
def main() -> None:
    """Run and manage an integration hub.

    `hub serve` starts one. Most other commands call a running hub: HUB_URL is its address (http://127.0.0.1:8000 by
    default) and HUB_API_KEY your key (HUB_ADMIN_KEY if it is unset).
    """
