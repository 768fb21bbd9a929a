"""The command line: one group of commands per file, imported only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

import click

from hub.cli.group import Group

__all__ = ["main"]

_COMMANDS = {
    "audit": ("hub.cli.audit", "audit"),
    "connections": ("hub.cli.connections", "connections"),
    "deliveries": ("hub.cli.deliveries", "deliveries"),
    "events": ("hub.cli.events", "events"),
    "executions": ("hub.cli.executions", "executions"),
    "init": ("hub.cli.init", "init"),
    "keys": ("hub.cli.keys", "keys"),
    "listen": ("hub.cli.listen", "listen"),
    "orgs": ("hub.cli.orgs", "orgs"),
    "plugins": ("hub.cli.plugins", "plugins"),
    "recover": ("hub.cli.recover", "recover"),
    "replay": ("hub.cli.requests", "replay"),
    "requests": ("hub.cli.requests", "requests"),
    "serve": ("hub.cli.serve", "serve"),
    "sources": ("hub.cli.sources", "sources"),
    "subscriptions": ("hub.cli.subscriptions", "subscriptions"),
    "tail": ("hub.cli.tail", "tail"),
    "trigger": ("hub.cli.trigger", "trigger"),
    "webhooks": ("hub.cli.webhooks", "webhooks"),
    "workflows": ("hub.cli.workflows", "workflows"),
}


class _Lazy(Group):
    """Imports a command's file when the command is asked for, and the plugins for a command that is not the core's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_COMMANDS, *_plugin_commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name) or _plugin_commands().get(cmd_name)
        module, name = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{name} is no command")
        return command


@cache
def _plugin_commands() -> Mapping[str, click.Command]:
    from hub.cli.installed import installed_plugins

    return installed_plugins().commands


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="integration-hub", prog_name="hub")
def main() -> None:
    """Run and manage an integration hub.

    `hub serve` starts one. The other commands talk to a running hub: HUB_URL says where (http://127.0.0.1:8000
    unless set), HUB_API_KEY who you are (HUB_ADMIN_KEY is used when it is unset).
    """
