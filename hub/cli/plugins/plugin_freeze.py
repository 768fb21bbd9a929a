"""`hub plugins freeze`: the installed versions as requirements."""

from __future__ import annotations

from importlib.metadata import entry_points, version

import click

__all__ = ["freeze"]


@click.command()
def freeze() -> None:
    """Print the versions of the core and of all installed plugins, for `pip install -r`."""
    from hub.plugins.loader import CORE, GROUP

    distributions = {one.dist for one in entry_points(group=GROUP) if one.dist is not None}
    found = {CORE: version(CORE)} | {one.name: one.version for one in distributions}
    for name in sorted(found, key=lambda one: (one != CORE, one)):
        click.echo(f"{name}=={found[name]}")
