"""Connection references: what `connections.NAME` and `connections.NAME.FIELD` render to.

A reference is an object of its own type, never a string or a mapping with a special key: nothing that a sender puts
into a payload can become one. Only the call of an action turns it into a value (`resolve`); the journal, the logs
and the dashboard get its name (`masked`). Rendering is pure, so a recovered execution renders its references anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import ActionFailed

__all__ = ["Lookup", "Mixed", "Reference", "masked", "resolve"]

Lookup = Callable[[str], Mapping[str, str] | None]
"""Name of a connection -> its fields, or None where the org has no such connection."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`connections.<name>`, or one field of it. `str()` is its written form."""

    name: str
    field: str | None = None

    def __str__(self) -> str:
        return f"connections.{self.name}" + (f".{self.field}" if self.field else "")


@dataclass(frozen=True, slots=True)
class Mixed:
    """A string with references in it: `Bearer {{ connections.api.token }}`."""

    parts: tuple[str | Reference, ...]


def masked(value: Any) -> Any:
    """The value as the journal keeps it: `{{ connections.api.token }}` where a secret will stand."""
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
    """The value with each reference replaced by what the connection holds.

    A reference without a field becomes the value of the connection's only field, or a mapping of its fields where
    there are several.

    Raises:
        ActionFailed: No such connection or field, or a connection of several fields inside a text. Not retryable.
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
            f"connection {reference.name!r} has no field {reference.field!r}; its fields: {known}", retryable=False
        )
    return fields[reference.field]


def _fetch_text(reference: Reference, lookup: Lookup) -> str:
    found = _fetch(reference, lookup)
    if isinstance(found, str):
        return found
    names = ", ".join(sorted(found))
    raise ActionFailed(f"connection {reference.name!r} has several fields; name one of {names}", retryable=False)
