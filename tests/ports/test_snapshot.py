"""What is derived from a snapshot, and how long it is kept."""

from __future__ import annotations

import pytest

from hub.model.ids import Id
from hub.ports.store.snapshot import Snapshot


class Counting:
    """Functions of a snapshot that count their calls."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def whole(self, snapshot: Snapshot) -> int:
        self.calls.append(snapshot.generation)
        return snapshot.generation * 10

    def each(self, snapshot: Snapshot, key: Id) -> Id | None:
        self.calls.append(key)
        if key == b"bad":
            message = "no such thing"
            raise LookupError(message)
        return None if key == b"none" else key * snapshot.generation


def test_a_value_is_computed_once_for_each_snapshot() -> None:
    one, two, counting = Snapshot(generation=1), Snapshot(generation=2), Counting()

    assert [one.derived(counting.whole), two.derived(counting.whole), one.derived(counting.whole)] == [10, 20, 10]
    assert counting.calls == [1, 2]


def test_a_value_is_computed_once_for_each_key_even_if_it_is_none() -> None:
    snapshot, counting = Snapshot(generation=2), Counting()

    found = [snapshot.derived(counting.each, key) for key in (b"a", b"none", b"a", b"none", b"b")]

    assert found == [b"aa", None, b"aa", None, b"bb"]
    assert counting.calls == [b"a", b"none", b"b"]


def test_two_objects_derive_values_of_their_own() -> None:
    snapshot, one, two = Snapshot(), Counting(), Counting()

    assert snapshot.derived(one.whole) == snapshot.derived(two.whole)
    assert (one.calls, two.calls) == ([0], [0])


def test_an_error_is_raised_each_time_and_not_kept() -> None:
    snapshot, counting = Snapshot(), Counting()

    for _ in range(2):
        with pytest.raises(LookupError):
            snapshot.derived(counting.each, b"bad")
    assert counting.calls == [b"bad", b"bad"]


def test_derived_values_are_no_part_of_what_makes_snapshots_equal() -> None:
    snapshot = Snapshot()
    snapshot.derived(Counting().whole)

    assert snapshot == Snapshot()
    assert "derived" not in repr(snapshot)
