"""What is written from the code into docs/: whole pages, and tables between two marks of a page written by hand."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from quart import Quart

from hub.app import create_hub
from hub.cli import main
from hub.plugins.host import Plugins
from hub.settings import Settings
from tests.docs.authors import plugin_api, recipes
from tests.docs.marks import between

__all__ = ["DOCS", "PAGES", "generated"]

DOCS = Path(__file__).parents[2] / "docs"
WIDTH = 100
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def settings_table(text: str) -> str:
    """docs/reference/settings.md with one row per environment variable."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `HUB_{name.upper()}` | {_default(field.default)} | {_cell(field.description or '')} |")
    return between(text, "settings", "\n".join(rows))


def commands(text: str) -> str:
    """docs/reference/cli.md with the help of every command."""
    blocks = [f"## `{path}`\n\n```text\n{help_text}\n```" for path, help_text in _helps(main, None, "hub")]
    return between(text, "commands", "\n\n".join(blocks))


def routes(text: str) -> str:
    """docs/reference/api.md with one row per route."""
    rows = ["| | | permission | |", "|---|---|---|---|"]
    found = sorted(_routes(), key=lambda one: (one[0], METHODS.index(one[1])))
    rows += [f"| {method} | `{path}` | {permission} | {what} |" for path, method, permission, what in found]
    return between(text, "routes", "\n".join(rows))


PAGES: dict[str, Callable[[str], str]] = {
    "how-to/recipes.md": recipes,
    "reference/api.md": routes,
    "reference/cli.md": commands,
    "reference/plugin-api.md": plugin_api,
    "reference/settings.md": settings_table,
}
"""Page -> what makes it anew from its present text."""


def generated(page: str) -> str:
    """A page as it should be."""
    return PAGES[page]((DOCS / page).read_text())


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined or value == () or isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return "`1`" if value else "`0`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _helps(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for one in command.list_commands(context):
            found = command.get_command(context, one)
            if found is not None and not found.hidden:
                yield from _helps(found, context, one)


def _routes() -> Iterator[tuple[str, str, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        app = create_hub(Settings(data_dir=Path(folder)), plugins=Plugins(version="0", entry_points=())).app
    yield from _views(app)


def _views(app: Quart) -> Iterator[tuple[str, str, str, str]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None or rule.rule.startswith(("/docs/", "/prod/")):
            continue
        what = _cell((view.__doc__ or "").strip().split("\n\n")[0])
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield path, method, getattr(view, "permission", ""), re.sub(r"\s+", " ", what)
