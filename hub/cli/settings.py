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
        lines = [
            f"HUB_{'_'.join(str(part) for part in one['loc']).upper()}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise click.ClickException("\n".join(lines)) from error
