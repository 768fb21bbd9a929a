"""Settings from the environment, with one sentence per error."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator

import click
from pydantic import ValidationError

from hub.settings import Settings

__all__ = ["PRIVATE", "read_settings"]

_NEAR = 0.85

PRIVATE = 0o077
"""Umask of the commands that create files, such as the database: only their user may read them."""


def read_settings() -> Settings:
    """The settings of the instance. A variable that looks like a misspelt one gives a warning.

    Raises:
        click.ClickException: A variable has an invalid value.
    """
    for wrong, right in _misspelt(os.environ):
        click.echo(f"Warning: {wrong} is not a setting and is ignored; did you mean {right}?", err=True)
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise click.ClickException("\n".join(_line(one["loc"], one["msg"]) for one in faults)) from error


def _misspelt(given: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Variables that resemble a setting. Others that begin with HUB_ may belong to a plugin."""
    known = [f"HUB_{name.upper()}" for name in Settings.model_fields]
    for name in sorted(given):
        near = difflib.get_close_matches(name, known, 1, _NEAR) if name.startswith("HUB_") else []
        if near and near[0] != name:
            yield name, near[0]


def _line(place: tuple[int | str, ...], message: str) -> str:
    """The message with the name of the variable once."""
    name = f"HUB_{'_'.join(str(part) for part in place).upper()}"
    message = message.removeprefix("Value error, ")
    return message if message.startswith(name) else f"{name}: {message}"
