"""Slots: bounded, with a share for waiting senders and one for queued work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.work.slots import Slots
from hub.model.stored.execution import Lease


@given(total=st.integers(1, 200), lanes=st.lists(st.booleans(), max_size=400))
def test_no_lane_takes_what_is_kept_for_the_other(total: int, lanes: list[bool]) -> None:
    slots = Slots(total)
    for waiting in lanes:
        if slots.free(waiting=waiting) > 0:
            slots.take(waiting=waiting)
    assert slots.used <= total
    if total > 1:
        assert not all(lanes) or slots.free(waiting=False) >= 1
        assert any(lanes) or slots.free(waiting=True) >= 1


def test_a_single_slot_goes_to_the_first_that_asks() -> None:
    assert Slots(1).free(waiting=True) == Slots(1).free(waiting=False) == 1


def test_slots_held_for_a_claim_are_not_free() -> None:
    slots = Slots(8)
    slots.hold(6)
    assert slots.free(waiting=False) == 0
    slots.release(6)
    assert slots.free(waiting=False) == 6


@pytest.mark.parametrize("waiting", [True, False])
def test_a_promise_is_kept_withdrawn_or_forgotten_once(waiting: bool) -> None:
    slots = Slots(8)
    leases = [Lease("me", until) for until in (10, 20, 30)]
    for lease in leases:
        slots.promise(lease, waiting=waiting)
    assert slots.redeem(leases[0]) is waiting
    assert slots.redeem(leases[0]) is None
    slots.withdraw(leases[0])
    assert slots.used == 3, "a promise that was kept holds its slot until it is given back"
    slots.withdraw(leases[1])
    slots.withdraw(leases[1])
    assert slots.used == 2
    slots.withdraw_older(29)
    assert slots.used == 2
    slots.withdraw_older(30)
    assert slots.used == 1
    slots.give(waiting=waiting)
    assert slots.used == 0


def test_equal_leases_are_different_promises() -> None:
    slots = Slots(8)
    first, second = Lease("me", 10), Lease("me", 10)
    slots.promise(first, waiting=True)
    assert slots.redeem(second) is None
    assert slots.redeem(first) is True
