"""Who is sent to next."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.ids import Id, new_id
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import DeliveryRecord, DueDelivery
from hub.model.stored.source import RateLimit
from hub.outbound.delivery.fair_scheduler import FairScheduler

SECOND = 1_000_000
A, B, C = b"a" * 16, b"b" * 16, b"c" * 16


def due(subscription: Id, sequence: int = 0) -> DueDelivery:
    record = DeliveryRecord(b"o" * 16, new_id(), b"m" * 16, subscription, "t", "pending", b"{}", 0, sequence=sequence)
    return DueDelivery(record, Lease("me", 0))


def subscriptions(taken: list[DueDelivery]) -> list[Id]:
    return [each.record.subscription for each in taken]


def test_each_subscription_fills_its_own_slots_and_no_more() -> None:
    scheduler = FairScheduler()
    scheduler.configure(A, 2, None)
    scheduler.add(due(A) for _ in range(10))
    assert len(scheduler.take(0)) == 2
    assert scheduler.take(0) == []
    scheduler.finished(A)
    assert len(scheduler.take(0)) == 1
    assert scheduler.running == 2
    assert scheduler.waiting == 7


def test_lanes_take_turns() -> None:
    scheduler = FairScheduler(slots=400)
    for lane in (A, B, C):
        scheduler.configure(lane, 10, None)
        scheduler.add(due(lane) for _ in range(3))
    assert subscriptions(scheduler.take(0)) == [A, B, C] * 3


def test_a_lane_starts_in_the_order_in_which_it_was_offered() -> None:
    scheduler = FairScheduler()
    scheduler.configure(A, 10, None)
    scheduler.add(due(A, number) for number in range(5))
    assert [each.record.sequence for each in scheduler.take(0)] == [0, 1, 2, 3, 4]


def test_many_hanging_receivers_leave_slots_for_one_that_works() -> None:
    """The last quarter of all slots goes to lanes with nothing under way."""
    scheduler = FairScheduler(slots=8)
    hanging = [bytes([number]) * 16 for number in range(3)]
    for lane in hanging:
        scheduler.configure(lane, 100, None)
        scheduler.add(due(lane) for _ in range(10))
    assert len(scheduler.take(0)) == 6
    scheduler.configure(A, 100, None)
    scheduler.add([due(A), due(A)])
    assert subscriptions(scheduler.take(0)) == [A]
    scheduler.finished(A)
    assert subscriptions(scheduler.take(0)) == [A]


def test_a_throttled_lane_waits_and_says_when_it_opens() -> None:
    scheduler = FairScheduler()
    scheduler.configure(A, 5, None)
    scheduler.throttle(A, 10 * SECOND)
    scheduler.throttle(A, 5 * SECOND)
    scheduler.add([due(A), due(B)])
    assert subscriptions(scheduler.take(0)) == [B]
    assert scheduler.next_opening() == 10 * SECOND
    assert scheduler.room(A, 0) == 0
    assert not scheduler.accepts(A, 0)
    assert subscriptions(scheduler.take(10 * SECOND)) == [A]
    assert scheduler.next_opening() is None


def test_a_rate_limit_holds_in_every_span() -> None:
    scheduler = FairScheduler()
    scheduler.configure(A, 100, RateLimit(requests=3, per_seconds=10))
    scheduler.add(due(A) for _ in range(20))
    assert len(scheduler.take(0)) == 3
    assert scheduler.take(9 * SECOND) == []
    assert scheduler.next_opening() == 10 * SECOND
    assert len(scheduler.take(10 * SECOND)) == 3


@settings(max_examples=100)
@given(
    requests=st.integers(1, 5),
    span=st.integers(1, 5),
    steps=st.lists(st.integers(0, 3_000_000), max_size=40),
)
def test_no_span_ever_sees_more_starts_than_the_rate_limit(requests: int, span: int, steps: list[int]) -> None:
    scheduler = FairScheduler()
    scheduler.configure(A, 1_000, RateLimit(requests=requests, per_seconds=span))
    scheduler.add(due(A) for _ in range(200))
    now = 0
    starts: list[int] = []
    for step in steps:
        now += step
        starts += [now] * len(scheduler.take(now))
    for start in starts:
        assert sum(start <= other < start + span * SECOND for other in starts) <= requests


def test_room_is_asked_for_once_half_the_window_is_free() -> None:
    scheduler = FairScheduler()
    scheduler.configure(A, 4, None)
    window = scheduler.room(A, 0)
    scheduler.add(due(A) for _ in range(window))
    assert scheduler.room(A, 0) == 0
    assert not scheduler.accepts(A, 0)
    taken = 0
    while not scheduler.room(A, 0):
        for _ in scheduler.take(0):
            scheduler.finished(A)
            taken += 1
    assert taken == window // 2


def test_what_has_not_started_can_be_evicted_or_dropped() -> None:
    scheduler = FairScheduler()
    scheduler.configure(A, 1, None)
    waiting = [due(A) for _ in range(4)]
    scheduler.add(waiting)
    assert scheduler.take(0) == waiting[:1]
    assert scheduler.drop(frozenset({waiting[0].record.id, waiting[2].record.id})) == [waiting[2]]
    assert scheduler.evict(A) == [waiting[1], waiting[3]]
    scheduler.finished(A)
    assert scheduler.take(0) == []


def test_an_attempt_may_end_after_its_subscription_is_gone() -> None:
    scheduler = FairScheduler(slots=4)
    scheduler.add([due(A)])
    scheduler.take(0)
    scheduler.forget(A)
    scheduler.finished(A)
    assert scheduler.running == 0
    assert scheduler.throttled_until(A) == 0
    assert scheduler.evict(A) == []


@settings(max_examples=100)
@given(st.data())
def test_nothing_is_lost_and_no_limit_is_passed(data: st.DataObject) -> None:
    """Whatever comes in goes out once, in order within its lane, and never over slots or concurrency."""
    scheduler = FairScheduler(slots=6)
    lanes = [bytes([number]) * 16 for number in range(4)]
    limits = {lane: data.draw(st.integers(1, 4)) for lane in lanes}
    for lane in lanes:
        scheduler.configure(lane, limits[lane], None)
    offered: dict[Id, list[int]] = {lane: [] for lane in lanes}
    started: dict[Id, list[int]] = {lane: [] for lane in lanes}
    running: dict[Id, int] = dict.fromkeys(lanes, 0)
    for sequence in range(data.draw(st.integers(0, 60))):
        lane = data.draw(st.sampled_from(lanes))
        if data.draw(st.booleans()):
            scheduler.add([due(lane, sequence)])
            offered[lane].append(sequence)
        elif running[lane]:
            running[lane] -= 1
            scheduler.finished(lane)
        for each in scheduler.take(sequence):
            running[each.record.subscription] += 1
            started[each.record.subscription].append(each.record.sequence)
        assert all(running[each] <= limits[each] for each in lanes)
        assert sum(running.values()) <= 6
    while any(running.values()):
        lane = next(each for each in lanes if running[each])
        running[lane] -= 1
        scheduler.finished(lane)
        for each in scheduler.take(0):
            running[each.record.subscription] += 1
            started[each.record.subscription].append(each.record.sequence)
    assert started == offered
