"""`hub plugins check`: run the vendor contract on a plugin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.terminal.output import json_option, print_json

if TYPE_CHECKING:
    from hub.testing.examination import Examination

__all__ = ["check"]

_LEVELS = ("bronze", "silver", "gold")


@click.command()
@click.argument("name")
@click.option(
    "--level", type=click.Choice(_LEVELS), default="bronze", show_default=True, help="Lowest level that passes."
)
@json_option
def check(name: str, level: str, *, as_json: bool) -> None:
    """Run the vendor contract on an installed plugin, or on the project in a directory.

    NAME is the name of a plugin, or a path such as . or ./hub-acme. Bronze means safe to install, silver that its
    events are reliable, gold that everything is described. The command prints what is missing for the next level.
    """
    title, found = _examined(name)
    if as_json:
        print_json({"plugin": title, "vendors": [_view(vendor, one) for vendor, one in found.items()]})
    else:
        for vendor, one in found.items():
            click.echo(f"{title}, vendor {vendor}: {one.level or 'below bronze'}")
            _print(one)
        if not found:
            click.echo(f"{title}: it loads; without a vendor there is nothing more to check")
    wanted = _LEVELS.index(level)
    if any(one.level is None or _LEVELS.index(one.level) < wanted for one in found.values()):
        sys.exit(1)


def _examined(name: str) -> tuple[str, dict[str, Examination]]:
    import asyncio

    from hub import __version__
    from hub.plugins.host import Plugins
    from hub.testing.distribution import findings
    from hub.testing.examination import examine
    from hub.testing.sender import Sender
    from hub.testing.vendor_under_test import VendorUnderTest

    project = _project(name)
    plugins = Plugins(version=__version__, entry_points=[project.point])
    plugins.load()
    [status] = plugins.statuses()
    if status.status != "active":
        raise click.ClickException(f"{name} does not load: {status.reason}")
    found = {}
    for vendor in plugins.vendors.values():
        recordings = plugins.recorded(vendor.name).requests
        try:
            sender = Sender(vendor)
        except ValueError as error:
            raise click.ClickException(f"{vendor.name} needs settings before it can be checked: {error}") from error
        found[vendor.name] = asyncio.run(
            examine(VendorUnderTest(sender=sender, recordings=recordings), findings(project))
        )
    return f"{project.name or name} {project.version}".strip(), found


def _project(name: str) -> Any:
    from importlib.metadata import entry_points

    from hub.plugins.loader import GROUP
    from hub.testing.distribution import installed, project_at

    directory = Path(name)
    if name in (".", "..") or "/" in name or (directory / "pyproject.toml").is_file():
        try:
            project = project_at(directory)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        sys.path.insert(0, str(directory.resolve()))
        return project
    points = entry_points(group=GROUP, name=name)
    if not points:
        known = ", ".join(sorted({one.name for one in entry_points(group=GROUP)})) or "none"
        raise click.ClickException(f"no plugin named {name!r} is installed; installed: {known}")
    return installed(next(iter(points)))


def _print(found: Examination) -> None:
    from hub.testing.examination import LEVELS

    for level in LEVELS:
        missing = found.missing(level)
        click.echo(f"  {level}: {'complete' if not missing else f'{len(missing)} missing'}")
        for one in missing:
            click.echo(f"    - {one.promise}: {one.fault}")
    for remark in found.remarks:
        click.echo(f"  note: {remark}")


def _view(vendor: str, found: Examination) -> dict[str, Any]:
    following = found.next_level
    missing = found.missing(following) if following is not None else ()
    return {
        "vendor": vendor,
        "level": found.level,
        "next": following,
        "missing": [{"promise": one.promise, "fault": one.fault} for one in missing],
        "remarks": list(found.remarks),
    }
