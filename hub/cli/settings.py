"""Settings from the environment, faults told in one sentence each."""

from __future__ import annotations

import click
from pydantic import ValidationError

from hub.settings import Settings

__all__ = ["PRIVATE", "read_settings"]

PRIVATE = 0o077
"""Mask of the commands that make files: those are for their user alone, the database's too."""


def read_settings() -> Settings:
    """The instance's settings.

    Raises:
        click.ClickException: A variable has a value that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise click.ClickException("\n".join(_line(one["loc"], one["msg"]) for one in faults)) from error


def _line(place: tuple[int | str, ...], message: str) -> str:
    """A sentence that names the variable once."""
    name = f"HUB_{'_'.join(str(part) for part in place).upper()}"
    message = message.removeprefix("Value error, ")
    return message if message.startswith(name) else f"{name}: {message}"
