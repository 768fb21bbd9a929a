"""Which subscriptions want a message."""

from __future__ import annotations

from typing import Any

import pytest

from hub.model.ids import new_id
from hub.model.stored.outbound import SubscriptionRecord, SubscriptionSpec
from hub.outbound.publish.matching import subscribers
from hub.ports.store.snapshot import Snapshot

ORG, OTHER = b"o" * 16, b"p" * 16


def subscription(org: bytes = ORG, **spec: Any) -> SubscriptionRecord:
    fields = {"url": "https://r.example/", "events": ("a", "b"), **spec}
    return SubscriptionRecord(org, new_id(), "cuid", SubscriptionSpec.model_validate(fields), (), 1, 0, 0)


def found(*subscriptions: SubscriptionRecord, name: str = "a", client: str | None = None) -> list[bytes]:
    snapshot = Snapshot(subscriptions={each.id: each for each in subscriptions})
    return [each.id for each in subscribers(snapshot, ORG, name, client)]


def test_types_are_matched_whole_within_the_org() -> None:
    one, foreign, off = subscription(), subscription(OTHER), subscription(enabled=False)
    assert found(one, foreign, off) == [one.id, off.id]
    assert found(one, name="c") == []
    assert found(subscription(events=("a", "a"))) != []


@pytest.mark.parametrize(
    ("clients", "client", "wanted"),
    [((), None, True), ((), "x", True), (("x",), "x", True), (("x", "y"), "y", True), (("x",), None, False),
     (("x",), "z", False)],
)  # fmt: skip
def test_a_subscription_with_clients_gets_only_theirs(
    clients: tuple[str, ...], client: str | None, wanted: bool
) -> None:
    assert bool(found(subscription(clients=clients), client=client)) is wanted


def test_the_index_is_made_once_for_a_snapshot() -> None:
    one = subscription()
    held = {one.id: one}
    snapshot = Snapshot(subscriptions=held)
    subscribers(snapshot, ORG, "a", None)
    held.clear()  # an index made again would have nothing in it
    assert [each.id for each in subscribers(snapshot, ORG, "b", None)] == [one.id]
