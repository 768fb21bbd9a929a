"""Which declared types judge an event."""

from __future__ import annotations

import pytest

from hub.model.declared_types import declared_types
from hub.model.wire.event_type import EventType

EXACT = EventType("order.created", "in", "shop")
SECOND = EventType("order.created", "in", "shop", version="2")
OTHER = EventType("order.created", "in", "depot")
OUT = EventType("order.created", "out", "shop")
FAMILY = EventType("order.*", "in", "shop")
CLOSER = EventType("order.line.*", "in", "shop")
ALL = (FAMILY, EXACT, OUT, SECOND, OTHER, CLOSER)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("order.created", (EXACT, SECOND)),
        ("order.paid", (FAMILY,)),
        ("order.line.added", (CLOSER,)),
        ("order.line", (FAMILY,)),
        ("order", ()),
        ("orders.paid", ()),
        ("", ()),
        ("order.", (FAMILY,)),
    ],
)
@pytest.mark.parametrize(
    "types", [ALL, (CLOSER, FAMILY, EXACT, SECOND, OTHER, OUT)], ids=["family first", "closer first"]
)
def test_the_name_itself_counts_before_a_family_and_a_longer_family_before_a_shorter(
    types: tuple[EventType, ...], name: str, found: tuple[EventType, ...]
) -> None:
    assert declared_types(types, name, "in") == found


def test_the_direction_counts() -> None:
    assert declared_types(ALL, "order.created", "out") == (OUT,)
    assert declared_types(ALL, "order.paid", "out") == ()
