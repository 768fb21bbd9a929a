"""`hub serve`: run a hub."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

import click

from hub.cli.instance.settings import PRIVATE, read_settings
from hub.cli.terminal.faults import start_fault
from hub.settings import Settings

__all__ = ["serve"]


@click.command()
@click.option("--demo", is_flag=True, help="Create a demo workflow unless it exists, and print commands to try.")
def serve(*, demo: bool) -> None:
    """Run a hub until SIGTERM or Ctrl-C. It finishes accepted work before it stops.

    An empty data directory is initialised. Settings come from the environment: HUB_HOST, HUB_PORT, HUB_DATA_DIR,
    HUB_ADMIN_KEY, HUB_PUBLIC_URL and the others in docs/reference/settings.md.
    """
    from hub import logs, server

    settings = read_settings()
    logs.configure(settings.log_level)
    os.umask(PRIVATE)
    try:
        listener = server.listen(settings.host, settings.port)
    except OSError as error:
        raise click.ClickException(error.strerror or str(error)) from error
    if settings.port == 0:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    try:
        _loop_factory()(_serve(settings, listener, demo=demo))
    except Exception as error:
        fault = start_fault(error)
        if fault is None or settings.log_level == "debug":
            raise
        raise click.ClickException(fault) from error


def _loop_factory() -> Callable[[Any], Any]:
    """`uvloop.run` if uvloop is installed, otherwise `asyncio.run`."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _serve(settings: Settings, listener: socket.socket, *, demo: bool) -> None:
    from hub import server
    from hub.app import create_hub
    from hub.demo import ensure_demo

    running = create_hub(settings)

    async def announce() -> None:
        click.echo(f"The hub listens on {settings.base_url}  (API {settings.base_url}/docs)")
        for one in running.services.plugins.statuses():
            if one.status == "broken":
                click.echo(f"Plugin {one.name} is broken: {one.reason}", err=True)
        if running.new_key is not None:
            click.echo(f"Admin key, shown only once:\n\n  export HUB_API_KEY={running.new_key}\n")
        if demo:
            click.echo(await ensure_demo(running.services, _key_in_shell(settings, running.new_key)))

    await server.run(running.app, settings, listener, ready=announce)
    click.echo("The hub has stopped.")


def _key_in_shell(settings: Settings, new_key: str | None) -> str:
    """The admin key to paste into a shell: the key if it is shown anyway, otherwise the variable that holds it."""
    if new_key is not None:
        return new_key
    return "$HUB_ADMIN_KEY" if settings.admin_key is not None else "$HUB_API_KEY"
