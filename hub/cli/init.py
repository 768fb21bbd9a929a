"""`hub init`: make a data directory."""

from __future__ import annotations

import asyncio

import click

from hub.cli.settings import read_settings

__all__ = ["init"]


@click.command()
def init() -> None:
    """Make the data directory with its keys (mode 0600), database and first admin key.

    HUB_DATA_DIR says where (./data unless set). Running it again changes nothing. `hub serve` does the same by
    itself on an empty directory.
    """
    from hub.app import create_hub

    settings = read_settings()

    async def make() -> str | None:
        running = create_hub(settings)
        await running.start()
        try:
            return running.new_key
        finally:
            await running.stop()

    key = asyncio.run(make())
    click.echo(f"The data directory is {settings.data_dir.resolve()}")
    if key is not None:
        click.echo(f"Admin key, shown this once: {key}")
    click.echo("Next: hub serve")
