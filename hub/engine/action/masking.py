"""Secrets of connections: resolved for one call, masked in everything that the call leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.errors import NotFound
from hub.model.ids import Id
from hub.ports.store import Access
from hub.workflows.expressions.references import Mixed, Reference

__all__ = ["MASK", "Mask", "fetch_connections", "references_in"]

MASK = "••••"
"""What stands where a secret stood."""

_SHORTEST = 4
"""A shorter value is masked only where it is the whole string: it would be found inside ordinary words."""


class Mask:
    """Hides the given values. Falsy when there are none to hide."""

    __slots__ = ("_parts", "_whole")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._whole = frozenset(value for value in values if value)
        self._parts = sorted((value for value in self._whole if len(value) >= _SHORTEST), key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._whole)

    def text(self, text: str) -> str:
        """The text with every secret in it replaced."""
        if text in self._whole:
            return MASK
        for part in self._parts:
            if part in text:
                text = text.replace(part, MASK)
        return text

    def value(self, value: Any) -> Any:
        """The JSON value with every secret in its strings and keys replaced."""
        if not self._whole:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self.value(item) for key, item in value.items()}
            case list():
                return [self.value(item) for item in value]
            case _:
                return value


def references_in(value: Any) -> Iterator[Reference]:
    """The connection references in a rendered input, repeats included."""
    match value:
        case Reference():
            yield value
        case Mixed():
            for part in value.parts:
                yield from references_in(part)
        case dict():
            for item in value.values():
                yield from references_in(item)
        case list():
            for item in value:
                yield from references_in(item)


async def fetch_connections(
    access: Access, org: Id, references: Iterable[Reference]
) -> tuple[Mapping[str, Mapping[str, str]], Mask]:
    """What the references need: the fields of each connection by its name, and a mask for the values referred to.

    Connections that the org does not have are left out.
    """
    found: dict[str, Mapping[str, str]] = {}
    values: set[str] = set()
    for reference in references:
        if reference.name not in found:
            try:
                found[reference.name] = await access.connection_values(org, reference.name)
            except NotFound:
                continue
        fields = found[reference.name]
        values.update(fields.values() if reference.field is None else filter(None, [fields.get(reference.field)]))
    return found, Mask(values)
