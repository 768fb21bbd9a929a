"""Drift: how events differ from the catalog."""

from __future__ import annotations

from dataclasses import dataclass

from hub.model.ids import Id

__all__ = ["Drift"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between the events of a type and its declaration, and how often it was seen.

    Attributes:
        type: Type of the event as received.
        detail: The difference, without any value: `unknown field /order/colour`.
        count: How many events have it.
        request: The last request that has it.
        first: When it was first seen, microseconds UTC.
        last: When it was last seen, microseconds UTC.
    """

    org: Id
    source: Id
    type: str
    detail: str
    count: int
    request: Id
    first: int
    last: int
