"""Reading arguments of commands: JSON, files, times."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import click

from hub.model.json import loads
from hub.sdk.moments import instant

__all__ = ["json_input", "moment_input"]

_SPAN = re.compile(r"([0-9]{1,9})([smhd])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def json_input(text: str) -> Any:
    """The JSON value of a text, of a file (`@FILE`) or of standard input (`-`).

    Raises:
        click.BadParameter: It is not JSON, or the file cannot be read.
    """
    try:
        if text == "-":
            return loads(sys.stdin.buffer.read())
        return loads(Path(text[1:]).read_bytes() if text.startswith("@") else text)
    except OSError as error:
        raise click.BadParameter(f"{text[1:]}: {error.strerror}") from error
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}") from error


def moment_input(text: str) -> str | float:
    """A time as the API reads it, from `90m`, `2h` or `3d` (ago), or from ISO 8601.

    Raises:
        click.BadParameter: It is neither.
    """
    span = _SPAN.match(text)
    if span is not None:
        return time.time() - int(span[1]) * _SECONDS[span[2]]
    try:
        instant(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a time: write 90m, 2h or 3d (ago), or ISO 8601") from error
    return text
