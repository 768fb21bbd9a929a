"""What this process knows of the work in the store."""

from __future__ import annotations

from hub.outbound.delivery.backlog import Backlog

A, B = (b"o", b"a"), (b"o", b"b")


def room(_subscription: bytes, _now: int) -> int:
    return 7


def test_what_is_due_is_wanted_where_there_is_room() -> None:
    backlog = Backlog()
    backlog.add(A, 10)
    backlog.add(B, 20)
    assert backlog.next_claim(15, room) == {A: 7}
    assert backlog.next_claim(20, lambda subscription, _: 0 if subscription == b"a" else 3) == {B: 3}


def test_the_earliest_time_counts() -> None:
    backlog = Backlog()
    backlog.add(A, 10)
    backlog.add(A, 30)
    backlog.merge({A: 20, B: 40})
    assert backlog.next_due(0) == 10
    assert backlog.next_due(10) == 40
    assert backlog.has_due(A, 10)
    assert not backlog.has_due(A, 9)


def test_a_claim_says_what_is_left() -> None:
    backlog = Backlog()
    backlog.add(A, 1)
    backlog.add(B, 1)
    asked = backlog.next_claim(5, room)
    backlog.update(asked, {b"a": None, b"b": 50})
    assert backlog.next_claim(49, room) == {}
    assert backlog.next_due(5) == 50


def test_a_claim_that_took_all_it_asked_for_leaves_more() -> None:
    backlog = Backlog()
    backlog.add(A, 1)
    backlog.update(backlog.next_claim(5, room), {})
    assert backlog.next_claim(5, room) == {A: 7}


def test_what_comes_in_during_a_claim_is_not_forgotten() -> None:
    backlog = Backlog()
    backlog.add(A, 1)
    asked = backlog.next_claim(5, room)
    backlog.add(A, 5)
    backlog.update(asked, {b"a": None})
    assert backlog.next_claim(5, room) == {A: 7}


def test_a_throttle_defers_and_an_end_forgets() -> None:
    backlog = Backlog()
    backlog.add(A, 1)
    backlog.defer(A, 100)
    backlog.defer(B, 100)
    assert backlog.next_claim(50, room) == {}
    backlog.forget(A)
    assert backlog.next_due(0) is None


def test_subscriptions_take_turns_when_there_are_many() -> None:
    backlog = Backlog()
    lanes = [(b"o", bytes([number])) for number in range(74)]
    for lane in lanes:
        backlog.add(lane, 1)
    first = backlog.next_claim(5, room)
    second = backlog.next_claim(5, room)
    assert list(first) == lanes[:64]
    assert set(lanes[64:]) <= set(second)
