"""The values of connections that one call of an action needs, and the mask that hides them in its traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.errors import NotFound
from hub.model.ids import Id
from hub.model.masking import Mask
from hub.ports.store import Access
from hub.workflows.expressions.references import Mixed, Reference

__all__ = ["fetch_connections", "references_in"]


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
    """Read the connections that the references name.

    Returns:
        The fields of each connection by its name, without connections that the org does not have, and a mask for the
        values referred to.
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
