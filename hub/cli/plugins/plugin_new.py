"""`hub plugins new`: a runnable plugin to begin with."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template

import click

__all__ = ["new"]

_SUFFIX = ".txt"
"""Of every template file, so that no tool takes it for what it becomes."""


@click.command()
@click.argument("name")
@click.option("--title", help="The vendor's name as people write it; from NAME unless given.")
@click.option("--in", "parent", type=click.Path(path_type=Path, file_okay=False), default=".", help="Where to make it.")
def new(name: str, title: str | None, parent: Path) -> None:
    """Write a plugin for the vendor NAME: a distribution hub-NAME with recorded request, guide and tests."""
    from hub import __version__
    from hub.sdk.vendor import NAME

    if not NAME.fullmatch(name):
        raise click.BadParameter("a name is lower-case letters, digits and dashes, such as acme", param_hint="NAME")
    directory = parent / f"hub-{name}"
    if directory.exists():
        raise click.ClickException(f"{directory} is there already")
    major, minor = __version__.split(".")[:2]
    values = {
        "name": name,
        "title": title or name.replace("-", " ").replace("_", " ").title(),
        "package": f"hub_{name.replace('-', '_')}",
        "header": name.replace("_", "-"),
        "core": f"{major}.{minor}",
        "limit": f"{major}.{int(minor) + 1}",
    }
    for path, text in _files(files("hub.cli.plugins") / "template", PurePosixPath()):
        target = directory / str(path).replace("package/", f"{values['package']}/", 1).removesuffix(_SUFFIX)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(text).substitute(values), encoding="utf-8")
    click.echo(f"{directory} is ready. Next:\n  cd {directory}\n  pytest\n  hub plugins check .")


def _files(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _files(entry, path / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield path / entry.name, entry.read_text(encoding="utf-8")
