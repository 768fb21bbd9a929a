"""Query parameters and fields that several endpoints read."""

from __future__ import annotations

from collections.abc import Collection

from quart import request

from hub.errors import Invalid, Problem
from hub.model.times import to_micros
from hub.sdk.moments import instant

__all__ = ["choice_argument", "time_of"]


def choice_argument(name: str, choices: Collection[str]) -> str | None:
    """The query parameter `name`, None without one.

    Raises:
        Invalid: It is not one of the choices.
    """
    value = request.args.get(name)
    if value is not None and value not in choices:
        raise Invalid(f"unknown {name}", (Problem(f"/{name}", f"must be one of {', '.join(sorted(choices))}"),))
    return value


def time_of(value: str | float, pointer: str) -> int:
    """A time as callers write it (ISO 8601, or seconds or milliseconds since 1970), in microseconds UTC.

    Raises:
        Invalid: It is none of these; `pointer` is where it was given.
    """
    try:
        return to_micros(instant(value))
    except ValueError as error:
        raise Invalid("the time cannot be read", (Problem(pointer, str(error)),)) from error
