"""`hub plugins new`: write a new plugin that runs."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template

import click

__all__ = ["new"]

_SUFFIX = ".txt"
"""Suffix of the template files, so that no tool treats them as Python or TOML."""


@click.command()
@click.argument("name")
@click.option("--title", help="Name of the vendor as people write it, by default made from NAME.")
@click.option(
    "--in", "parent", type=click.Path(path_type=Path, file_okay=False), default=".", help="Directory to write it to."
)
def new(name: str, title: str | None, parent: Path) -> None:
    """Write a plugin for the vendor NAME: the distribution hub-NAME with a recorded request, a guide and tests."""
    from hub import __version__
    from hub.sdk.vendor import NAME

    if not NAME.fullmatch(name):
        raise click.BadParameter("a name has lower-case letters, digits and dashes, such as acme", param_hint="NAME")
    directory = parent / f"hub-{name}"
    if directory.exists():
        raise click.ClickException(f"{directory} exists already")
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
