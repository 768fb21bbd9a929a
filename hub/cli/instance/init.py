"""`hub init`: create the data directory."""

from __future__ import annotations

import asyncio
import os

import click

from hub.cli.instance.settings import PRIVATE, read_settings
from hub.cli.terminal.faults import start_fault
from hub.settings import Settings

__all__ = ["init"]


@click.command()
def init() -> None:
    """Create the data directory with its keys (mode 0600), its database and the first admin key.

    The directory is HUB_DATA_DIR, by default ./data. Running the command again changes nothing. `hub serve` does the
    same if the directory is empty.
    """
    settings = read_settings()
    os.umask(PRIVATE)
    try:
        key = asyncio.run(_make(settings))
    except Exception as error:
        fault = start_fault(error)
        if fault is None:
            raise
        raise click.ClickException(fault) from error
    click.echo(f"The data directory is {settings.data_dir.resolve()}")
    if key is not None:
        click.echo(f"Admin key, shown only once:\n\n  export HUB_API_KEY={key}\n")
    click.echo("Next: hub serve")


async def _make(settings: Settings) -> str | None:
    """Start the store, which creates what is missing, and stop it. Pending work in it is not touched."""
    from hub.backends import choose_store
    from hub.bootstrap import ensure_admin_key, prepare_data_dir
    from hub.cli.plugins.installed import installed_plugins
    from hub.ports.clock import SystemClock
    from hub.store.blobs import DirectoryBlobs
    from hub.store.parts import StoreParts
    from hub.store.vault import Vault

    clock = SystemClock()
    prepare_data_dir(settings.data_dir)
    store = choose_store(
        StoreParts(
            url=settings.database_url,
            data_dir=settings.data_dir,
            vault=Vault(settings.data_dir / "keys"),
            blobs=DirectoryBlobs(settings.data_dir / "blobs"),
            clock=clock,
            owner="hub init",
        ),
        installed_plugins(),
    )
    await store.start()
    try:
        return await ensure_admin_key(store, settings, clock)
    finally:
        await store.stop()
