"""Connection references: the rendered form of `connections.NAME` and `connections.NAME.FIELD`.

A reference has a type of its own; it is never a string or a mapping with a special key, so nothing in a payload can
become one. Only the call of an action replaces it by the value (`resolve`); journal, logs and pages show its name
(`masked`). Rendering is pure, so a recovered execution renders its references again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import ActionFailed

__all__ = ["Lookup", "Mixed", "Reference", "masked", "resolve"]

Lookup = Callable[[str], Mapping[str, str] | None]
"""Name of a connection -> its fields, or None if the org has no such connection."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`connections.<name>`, or one field of it. `str()` gives the written form."""

    name: str
    field: str | None = None

    def __str__(self) -> str:
        return f"connections.{self.name}" + (f".{self.field}" if self.field else "")


@dataclass(frozen=True, slots=True)
class Mixed:
    """A string with references in it: `Bearer {{ connections.api.token }}`."""

    parts: tuple[str | Reference, ...]


def masked(value: Any) -> Any:
    """The value as the journal keeps it, with `{{ connections.api.token }}` in the place of the secret."""
    match value:
        case Reference():
            return f"{{{{ {value} }}}}"
        case Mixed():
            return "".join(part if isinstance(part, str) else masked(part) for part in value.parts)
        case dict():
            return {key: masked(item) for key, item in value.items()}
        case list():
            return [masked(item) for item in value]
        case _:
            return value


def resolve(value: Any, lookup: Lookup) -> Any:
    """The value with each reference replaced by the value of the connection.

    A reference without a field becomes the value of the connection's only field, or a mapping of its fields if it has
    several.

    Raises:
        ActionFailed: There is no such connection or field, or a connection of several fields is part of a text. Not
            retryable.
    """
    match value:
        case Reference():
            return _fetch(value, lookup)
        case Mixed():
            return "".join(part if isinstance(part, str) else _fetch_text(part, lookup) for part in value.parts)
        case dict():
            return {key: resolve(item, lookup) for key, item in value.items()}
        case list():
            return [resolve(item, lookup) for item in value]
        case _:
            return value


def _fetch(reference: Reference, lookup: Lookup) -> str | dict[str, str]:
    fields = lookup(reference.name)
    if fields is None:
        raise ActionFailed(f"there is no connection named {reference.name!r}", retryable=False)
    if reference.field is None:
        return next(iter(fields.values())) if len(fields) == 1 else dict(fields)
    if reference.field not in fields:
        known = ", ".join(sorted(fields)) or "none"
        raise ActionFailed(
            f"connection {reference.name!r} has no field {reference.field!r}; available: {known}", retryable=False
        )
    return fields[reference.field]


def _fetch_text(reference: Reference, lookup: Lookup) -> str:
    found = _fetch(reference, lookup)
    if isinstance(found, str):
        return found
    names = ", ".join(sorted(found))
    raise ActionFailed(f"connection {reference.name!r} has several fields; name one of {names}", retryable=False)
