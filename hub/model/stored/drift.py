"""Drift: what arrives that a catalog does not know."""

from __future__ import annotations

from dataclasses import dataclass

from hub.model.ids import Id

__all__ = ["Drift"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which the events of a type differ from what is declared, and how often.

    Attributes:
        type: Type of the event, as it came.
        detail: What differs, without a value in it: `unknown field /order/colour`.
        count: How many events differed so.
        request: The last request that did.
        first: When it was seen first, microseconds UTC.
        last: When it was seen last, microseconds UTC.
    """

    org: Id
    source: Id
    type: str
    detail: str
    count: int
    request: Id
    first: int
    last: int
