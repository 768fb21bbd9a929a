"""Event types: the entries of a catalog, which plugins and operators declare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Direction", "EventType"]

Direction = Literal["in", "out"]
"""`in`: read from the requests of a sender. `out`: published by the hub."""


@dataclass(frozen=True, slots=True)
class EventType:
    """An entry of a catalog: the name as the vendor writes it, its JSON Schema (draft 2020-12) and an example.

    Attributes:
        direction: `in`: read from a sender's requests. `out`: published by the hub.
        vendor: Name of the vendor that it belongs to; None: it belongs to none.
        version: A catalog may hold several of a type; data fits the type when it fits one of them.
        summary: One line for people who choose event types.
        schema: JSON Schema of its data; None: any data fits.
        example: Data of one event, which fits the schema.
    """

    name: str
    direction: Direction = "in"
    vendor: str | None = None
    version: str = "1"
    summary: str = ""
    schema: Any = None
    example: Any = None
