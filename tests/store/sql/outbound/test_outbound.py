"""Subscriptions, messages, deliveries and attempts in a real file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Conflict, Fenced, Invalid, NotFound, PreconditionFailed
from hub.model.ids import Id, new_id
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import (
    Attempt,
    Attempted,
    DeliveryRecord,
    DueDelivery,
    MessageRecord,
    NewDelivery,
    SubscriptionChange,
    SubscriptionRecord,
    SubscriptionSpec,
)
from hub.model.stored.source import SecretsChange, StoredSecret
from hub.model.wire.event_type import EventType
from hub.store.sql.store import SqlStore
from hub.testing.clock import ManualClock

SECOND = 1_000_000
SPEC = SubscriptionSpec(url="https://receiver.example/", events=("thing",), headers={"Authorization": "Bearer sesame"})


class Desk:
    """What the outbound side does with a store, shortened."""

    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        self.store = store
        self.outbound = store.outbound
        self.clock = clock
        org = store.snapshot.org_named("default")
        assert org is not None
        self.org = org.id

    async def subscribe(self, secrets: Sequence[StoredSecret] = (), **spec: Any) -> SubscriptionRecord:
        return await self.outbound.subscribe(self.org, SPEC.model_copy(update=spec), secrets)

    async def spec(self, subscription: SubscriptionRecord, **fields: Any) -> SubscriptionRecord:
        change = SubscriptionChange(spec=SPEC.model_copy(update=fields))
        return await self.outbound.change_subscription(self.org, subscription.id, change)

    async def secrets(self, subscription: SubscriptionRecord, change: SecretsChange) -> SubscriptionRecord:
        return await self.outbound.change_subscription(self.org, subscription.id, SubscriptionChange(secrets=change))

    def new(
        self, *subscriptions: SubscriptionRecord, lease: Lease | None = None, body: bytes = b"{}", **fields: Any
    ) -> tuple[MessageRecord, list[NewDelivery]]:
        message = MessageRecord(self.org, new_id(), "thing", {"n": 1}, self.clock.now(), **fields)
        deliveries = [
            NewDelivery(
                DeliveryRecord(
                    org=self.org,
                    id=new_id(),
                    message=message.id,
                    subscription=each.id,
                    type=message.type,
                    state="pending",
                    body=body,
                    created=message.created,
                    ordering_key=message.ordering_key,
                    due=message.created,
                ),
                lease,
            )
            for each in subscriptions
        ]
        return message, deliveries

    async def publish(self, *subscriptions: SubscriptionRecord, **fields: Any) -> Id:
        return (await self.outbound.publish(*self.new(*subscriptions, **fields))).id

    async def claim(
        self, subscription: SubscriptionRecord, *, owner: str = "one", limit: int = 100, seconds: int = 60
    ) -> tuple[DueDelivery, ...]:
        now = self.clock.now()
        wanted = {(self.org, subscription.id): limit}
        return (await self.outbound.claim(owner, now + seconds * SECOND, now, wanted)).deliveries

    def done(self, due: DueDelivery, state: Any = "delivered", *, delay: int = 0, number: int = 1) -> Attempted:
        now = self.clock.now()
        error = "" if state == "delivered" else "no"
        attempt = Attempt(number, now, "127.0.0.1", 200, 5, (("a", "b"),), (("c", "d"),), "body", error)
        return Attempted(due, attempt, state, now, due=now + delay * SECOND, error=error, tries=number)

    async def states(self) -> list[str]:
        page = await self.outbound.deliveries(self.org, limit=100)
        return [each.state for each in reversed(page.items)]


@pytest.fixture
def desk(store: SqlStore, clock: ManualClock) -> Desk:
    return Desk(store, clock)


def secret(text: str, created: int = 0, slot: str = "signing") -> StoredSecret:
    return StoredSecret(new_id(), slot, text.encode(), text, created=created)


async def test_a_subscription_is_in_the_snapshot_when_it_is_made(desk: Desk) -> None:
    made = await desk.subscribe([secret("s1")])
    assert desk.store.snapshot.subscriptions[made.id] == made
    assert made.secrets[0].text == "s1"
    assert made.cuid
    with pytest.raises(Conflict):
        await desk.outbound.subscribe(desk.org, SPEC, [], cuid=made.cuid)


async def test_secrets_and_headers_are_sealed_on_the_disk(desk: Desk, tmp_path: Path) -> None:
    await desk.subscribe([secret("a-secret-nobody-reads")])
    for file in (tmp_path / "data").glob("hub.db*"):
        content = file.read_bytes()
        assert b"a-secret-nobody-reads" not in content
        assert b"sesame" not in content


async def test_a_change_is_guarded_and_raises_the_generation(desk: Desk) -> None:
    made = await desk.subscribe()
    change, outbound = SubscriptionChange(spec=SPEC.model_copy(update={"name": "n"})), desk.outbound
    changed = await outbound.change_subscription(desk.org, made.id, change, generation=1)
    assert (changed.generation, changed.spec.name) == (2, "n")
    for stale in (
        outbound.change_subscription(desk.org, made.id, change, generation=1),
        outbound.delete_subscription(desk.org, made.id, generation=1),
    ):
        with pytest.raises(PreconditionFailed) as error:
            await stale
        assert error.value.status == 412
    for call in (
        outbound.change_subscription(desk.org, new_id(), change),
        outbound.change_subscription(new_id(), made.id, change),
        outbound.delete_subscription(desk.org, new_id()),
        outbound.mark(desk.org, new_id(), failing_since=None),
    ):
        with pytest.raises(NotFound):
            await call
    await outbound.delete_subscription(desk.org, made.id, generation=2)
    assert made.id not in desk.store.snapshot.subscriptions


async def test_spec_and_secrets_change_together_or_not_at_all(desk: Desk) -> None:
    made = await desk.subscribe([secret("s1"), secret("tls", slot="tls_key")])
    fresh = SPEC.model_copy(update={"scheme": "github"})
    replaced = SecretsChange(clear=["signing"], add=[secret("s2")])
    failing = SecretsChange(clear=["signing"], add=[secret("s3")], remove=[new_id()])

    changed = await desk.outbound.change_subscription(
        desk.org, made.id, SubscriptionChange(spec=fresh, secrets=replaced)
    )

    assert (changed.spec.scheme, {each.text for each in changed.secrets}) == ("github", {"s2", "tls"})
    assert changed.generation == made.generation + 1
    with pytest.raises(NotFound):
        await desk.outbound.change_subscription(desk.org, made.id, SubscriptionChange(spec=SPEC, secrets=failing))
    assert desk.store.snapshot.subscriptions[made.id] == changed


async def test_rotated_secrets_expire_after_the_overlap_or_are_removed(desk: Desk) -> None:
    made = await desk.subscribe([secret("s1"), secret("tls", slot="tls_key")])
    rotated = SecretsChange(add=[secret("s2", 5)], overlap=10 * SECOND)
    overlapping = await desk.secrets(made, rotated)
    lives = {each.text: each.expires for each in overlapping.secrets}
    assert lives == {"s1": desk.clock.now() + 10 * SECOND, "s2": None, "tls": None}
    assert overlapping.secrets[0].text == "s2"
    again = await desk.secrets(made, SecretsChange(add=[secret("s4", 6)], overlap=20 * SECOND))
    assert {each.text: each.expires for each in again.secrets} == {
        "s1": lives["s1"],  # it ended sooner anyway
        "s2": desk.clock.now() + 20 * SECOND,
        "s4": None,
        "tls": None,
    }
    replaced = await desk.secrets(made, SecretsChange(clear=["signing"], add=[secret("s3")]))
    assert {each.text for each in replaced.secrets} == {"s3", "tls"}
    cleared = await desk.secrets(made, SecretsChange(clear=["signing"]))
    assert {each.text for each in cleared.secrets} == {"tls"}


async def test_a_group_of_publishes_is_committed_and_ordered(desk: Desk) -> None:
    made = await desk.subscribe()
    published = await asyncio.gather(*(desk.publish(made) for _ in range(40)))
    won = await desk.claim(made)
    assert [due.record.message for due in won] == published
    sequences = [due.record.sequence for due in won]
    assert sequences == sorted(set(sequences))


async def test_bodies_are_kept_once_and_large_ones_outside(desk: Desk, tmp_path: Path) -> None:
    one, two, three = [await desk.subscribe() for _ in range(3)]
    large = b'"' + b"x" * 70_000 + b'"'
    message, deliveries = desk.new(one, two, body=large)
    deliveries += desk.new(three, body=b"small")[1]
    deliveries = [replace(each, record=replace(each.record, message=message.id)) for each in deliveries]
    await desk.outbound.publish(message, deliveries)
    (due,) = await desk.claim(one)
    assert due.record.body == b""
    assert due.record.body_ref is not None
    record, _ = await desk.outbound.delivery(desk.org, deliveries[1].record.id)
    assert record.body == large
    (due,) = await desk.claim(three)
    assert due.record.body == b"small"
    assert len([each for each in (tmp_path / "data" / "blobs").rglob("*") if each.is_file()]) == 1


async def test_one_idempotency_key_is_one_message_within_a_group_too(desk: Desk) -> None:
    made = await desk.subscribe()
    results = await asyncio.gather(
        *(desk.outbound.publish(*desk.new(made, idempotency_key="k")) for _ in range(5)),
        desk.outbound.publish(*desk.new(made, made)),
    )
    first = results[0]
    assert [each.duplicate for each in results] == [False, True, True, True, True, False]
    assert {each.id for each in results[:5]} == {first.id}
    assert {each.deliveries for each in results[:5]} == {1}
    again = await desk.outbound.publish(*desk.new(made, idempotency_key="k"))
    assert (again.id, again.duplicate) == (first.id, True)
    assert (await desk.outbound.published(desk.org, "k")) == again
    assert await desk.outbound.published(desk.org, "other") is None


async def test_a_delivery_born_claimed_is_nobody_elses(desk: Desk) -> None:
    made = await desk.subscribe()
    lease = Lease("one", desk.clock.now() + 60 * SECOND)
    published = await desk.outbound.publish(*desk.new(made, lease=lease))
    assert len(published.leased) == 1
    assert await desk.claim(made, owner="two") == ()
    assert await desk.outbound.backlog("one", desk.clock.now()) == {}
    assert len(await desk.outbound.backlog("two", desk.clock.now())) == 1
    await desk.outbound.attempted(desk.done(published.leased[0]))
    assert await desk.states() == ["delivered"]


async def test_a_claim_takes_what_is_due_oldest_first_up_to_its_room(desk: Desk) -> None:
    made = await desk.subscribe()
    ids = [await desk.publish(made) for _ in range(5)]
    now = desk.clock.now()
    claim = await desk.outbound.claim("one", now + SECOND, now, {(desk.org, made.id): 3})
    assert [due.record.message for due in claim.deliveries] == ids[:3]
    assert made.id not in claim.later
    claim = await desk.outbound.claim("one", now + SECOND, now, {(desk.org, made.id): 3})
    assert [due.record.message for due in claim.deliveries] == ids[3:]
    assert claim.later == {made.id: None}


async def test_what_is_due_later_is_told(desk: Desk) -> None:
    made = await desk.subscribe()
    await desk.publish(made)
    (due,) = await desk.claim(made)
    await desk.outbound.attempted(desk.done(due, "pending", delay=30))
    now = desk.clock.now()
    claim = await desk.outbound.claim("one", now + SECOND, now, {(desk.org, made.id): 3})
    assert (claim.deliveries, claim.later) == ((), {made.id: now + 30 * SECOND})
    assert await desk.outbound.backlog("one", now) == {(desk.org, made.id): now + 30 * SECOND}
    desk.clock.advance(30)
    (due,) = await desk.claim(made)
    assert (due.record.attempts, due.record.tries, due.record.crashes) == (1, 1, 0)


async def test_an_expired_lease_can_be_taken_and_fences_its_former_owner(desk: Desk) -> None:
    made = await desk.subscribe()
    await desk.publish(made)
    (old,) = await desk.claim(made, owner="one", seconds=10)
    desk.clock.advance(10)
    (new,) = await desk.claim(made, owner="two")
    assert (new.lease.fence, new.record.crashes) == (old.lease.fence + 1, 1)
    with pytest.raises(Fenced):
        await desk.outbound.attempted(desk.done(old))
    assert await desk.outbound.renew([old], desk.clock.now() + SECOND) == frozenset()
    await desk.outbound.attempted(desk.done(new))
    record, attempts = await desk.outbound.delivery(desk.org, new.record.id)
    assert (record.state, record.crashes, len(attempts)) == ("delivered", 1, 1)


async def test_an_owner_does_not_win_anew_what_it_holds(desk: Desk) -> None:
    made = await desk.subscribe()
    for _ in range(2):
        await desk.publish(made)
    held, _ = await desk.claim(made, seconds=1)
    desk.clock.advance(1)
    now = desk.clock.now()
    wanted = {(desk.org, made.id): 10}
    again = await desk.outbound.claim("one", now + SECOND, now, wanted, [held.record.sequence])
    assert [due.record.id for due in again.deliveries] != [held.record.id]
    assert len(again.deliveries) == 1
    assert again.deliveries[0].record.crashes == 0
    await desk.outbound.attempted(desk.done(held))


async def test_one_lost_lease_does_not_undo_its_neighbours(desk: Desk) -> None:
    made = await desk.subscribe()
    for _ in range(4):
        await desk.publish(made)
    won = await desk.claim(made, seconds=1)
    desk.clock.advance(1)
    (taken,) = await desk.claim(made, owner="two", limit=1)
    results = await asyncio.gather(*(desk.outbound.attempted(desk.done(due)) for due in won), return_exceptions=True)
    fenced = [due.record.id for due, result in zip(won, results, strict=True) if isinstance(result, Fenced)]
    assert fenced == [taken.record.id]
    assert (await desk.states()).count("delivered") == 3


async def test_an_attempt_is_logged_once(desk: Desk) -> None:
    made = await desk.subscribe()
    await desk.publish(made)
    (due,) = await desk.claim(made)
    await desk.outbound.attempted(desk.done(due))
    with pytest.raises(Fenced):
        await desk.outbound.attempted(desk.done(due))
    _, attempts = await desk.outbound.delivery(desk.org, due.record.id)
    assert attempts == (desk.done(due).attempt,)


async def test_leases_are_renewed_and_given_back(desk: Desk) -> None:
    made = await desk.subscribe()
    for _ in range(2):
        await desk.publish(made)
    first, second = await desk.claim(made, seconds=10)
    assert await desk.outbound.renew([first, second], desk.clock.now() + 100 * SECOND) == {
        first.record.id, second.record.id,
    }  # fmt: skip
    desk.clock.advance(50)
    assert await desk.claim(made, owner="two") == ()
    await desk.outbound.release([first], desk.clock.now() + 5 * SECOND)
    assert await desk.claim(made, owner="two") == ()
    desk.clock.advance(5)
    (taken,) = await desk.claim(made, owner="two")
    assert (taken.record.id, taken.record.crashes) == (first.record.id, 0)
    assert await desk.outbound.renew([first, second], desk.clock.now() + 100 * SECOND) == {second.record.id}
    assert await desk.outbound.renew([], 0) == frozenset()
    await desk.outbound.release([], 0)


async def test_an_ordering_key_lets_one_go_at_a_time_in_commit_order(desk: Desk) -> None:
    made = await desk.subscribe()
    ids = await asyncio.gather(*(desk.publish(made, ordering_key="k") for _ in range(4)))
    other = await desk.publish(made, ordering_key="other")
    won = await desk.claim(made)
    assert [due.record.message for due in won] == [ids[0], other]
    assert not await desk.outbound.attempted(desk.done(won[0], "pending", delay=5))
    assert await desk.claim(made) == ()
    desk.clock.advance(5)
    (due,) = await desk.claim(made)
    assert due.record.message == ids[0]
    assert await desk.outbound.attempted(desk.done(due, "dead", number=2))
    for identity in ids[1:]:
        (due,) = await desk.claim(made)
        assert due.record.message == identity
        assert await desk.outbound.attempted(desk.done(due)) is (identity != ids[-1])


async def test_a_born_lease_gives_way_to_an_older_one_of_its_key(desk: Desk) -> None:
    made = await desk.subscribe()
    lease = Lease("one", desk.clock.now() + SECOND)
    first = await desk.outbound.publish(*desk.new(made, lease=lease, ordering_key="k"))
    second = await desk.outbound.publish(*desk.new(made, lease=lease, ordering_key="k"))
    assert (len(first.leased), len(second.leased)) == (1, 0)


async def test_disabling_pauses_and_enabling_makes_only_the_first_of_a_key_ready(desk: Desk) -> None:
    made = await desk.subscribe()
    for key in ("k", "k", None):
        await desk.publish(made, ordering_key=key)
    off = await desk.spec(made, enabled=False)
    assert off.disabled_at == desk.clock.now()
    assert await desk.claim(made) == ()
    await desk.publish(made)
    assert await desk.states() == ["paused", "paused", "paused", "skipped"]
    on = await desk.spec(made)
    assert on.disabled_at is None
    assert len(await desk.claim(made)) == 2
    assert await desk.states() == ["pending", "pending", "pending", "skipped"]


async def test_marking_notes_health_and_disables_with_a_reason(desk: Desk) -> None:
    made = await desk.subscribe()
    await desk.publish(made)
    noted = await desk.outbound.mark(desk.org, made.id, failing_since=5, warned=True)
    assert (noted.failing_since, noted.warned, noted.spec.enabled) == (5, True, True)
    disabled = await desk.outbound.mark(desk.org, made.id, failing_since=5, disabled_reason="gone")
    assert (disabled.spec.enabled, disabled.disabled_reason) == (False, "gone")
    assert disabled.spec.headers == SPEC.headers
    assert await desk.states() == ["paused"]


async def test_what_ends_while_its_subscription_is_paused_or_gone_is_logged(desk: Desk) -> None:
    made = await desk.subscribe()
    for _ in range(3):
        await desk.publish(made)
    one, two, three = await desk.claim(made)
    await desk.spec(made, enabled=False)
    await desk.outbound.attempted(desk.done(one))
    await desk.outbound.attempted(desk.done(two, "pending", delay=1))
    assert await desk.states() == ["delivered", "paused", "paused"]
    await desk.outbound.delete_subscription(desk.org, made.id)
    await desk.outbound.attempted(desk.done(three, "pending", delay=1))
    assert await desk.states() == ["delivered", "cancelled", "cancelled"]
    record, attempts = await desk.outbound.delivery(desk.org, three.record.id)
    assert len(attempts) == 1
    assert record.finished is not None
    await desk.publish(made)
    assert (await desk.states())[-1] == "cancelled"


async def test_requeueing_puts_finished_ones_at_the_end_of_their_keys(desk: Desk) -> None:
    made = await desk.subscribe()
    await desk.publish(made, ordering_key="k")
    (dead,) = await desk.claim(made)
    await desk.outbound.attempted(desk.done(dead, "dead"))
    await desk.publish(made, ordering_key="k")
    now = desk.clock.now()
    assert await desk.outbound.requeue(desk.org, [dead.record.id, new_id()], now) == {dead.record.id}
    assert await desk.outbound.requeue(desk.org, [dead.record.id], now) == frozenset()
    (younger,) = await desk.claim(made)
    assert younger.record.id != dead.record.id
    await desk.outbound.attempted(desk.done(younger))
    (again,) = await desk.claim(made)
    assert (again.record.id, again.record.attempts, again.record.tries) == (dead.record.id, 1, 0)


async def test_requeueing_for_a_disabled_subscription_pauses(desk: Desk) -> None:
    made = await desk.subscribe(enabled=False)
    await desk.publish(made)
    (skipped,) = (await desk.outbound.deliveries(desk.org, limit=5)).items
    assert await desk.outbound.requeue(desk.org, [skipped.id], desk.clock.now()) == {skipped.id}
    assert await desk.states() == ["paused"]


async def test_deliveries_can_be_added_to_a_message_once_for_each_subscription(desk: Desk) -> None:
    one, two = await desk.subscribe(), await desk.subscribe()
    message, deliveries = desk.new(one, state="held", reason="broken")
    await desk.outbound.publish(message, [])
    more = [replace(each.record, message=message.id) for each in desk.new(two)[1]]
    fresh = [*deliveries, *(NewDelivery(each) for each in more)]
    assert await desk.outbound.add(desk.org, message.id, fresh, release=True) == 2
    assert await desk.outbound.add(desk.org, message.id, fresh) == 0
    record, found = await desk.outbound.message(desk.org, message.id)
    assert (record.state, record.reason, len(found), record.data) == ("accepted", "", 2, {"n": 1})
    with pytest.raises(NotFound):
        await desk.outbound.add(desk.org, new_id(), fresh)
    with pytest.raises(NotFound):
        await desk.outbound.message(desk.org, new_id())
    with pytest.raises(NotFound):
        await desk.outbound.delivery(desk.org, new_id())


async def test_the_account_names_every_message(desk: Desk) -> None:
    made = await desk.subscribe()
    for state in ("accepted", "dropped", "held"):
        await desk.publish(state=state)
    await desk.publish(made)
    await desk.publish(made, made)
    (due, *_) = await desk.claim(made)
    await desk.outbound.attempted(desk.done(due))
    account = await desk.outbound.account(desk.org, 0, desk.clock.now() * 2)
    assert account.messages == 5
    assert (account.unmatched, account.dropped, account.held) == (1, 1, 1)
    assert (account.delivered, account.undelivered) == (1, 1)
    assert account.deliveries == {"delivered": 1, "pending": 2}
    assert (await desk.outbound.account(desk.org, 0, 1)).messages == 0
    page = await desk.outbound.messages(desk.org, undelivered=True, limit=10)
    assert [(message.state, dict(states)) for message, states in page.items] == [
        ("accepted", {"pending": 2}), ("held", {}),
    ]  # fmt: skip


async def test_lists_have_pages(desk: Desk) -> None:
    made = await desk.subscribe()
    for _ in range(5):
        await desk.publish(made)
    for due in await desk.claim(made):
        await desk.outbound.attempted(desk.done(due))
    seen: list[Id] = []
    cursor = None
    while True:
        page = await desk.outbound.attempts(desk.org, made.id, limit=2, cursor=cursor)
        seen += [delivery.id for delivery, _, _ in page.items]
        if page.next is None:
            break
        cursor = page.next
    assert len(set(seen)) == len(seen) == 5
    for bad in ("zz", "00.1", f"{new_id().hex()}.x"):
        with pytest.raises(Invalid):
            await desk.outbound.attempts(desk.org, made.id, limit=2, cursor=bad)
    first = await desk.outbound.deliveries(desk.org, subscription=made.id, state="delivered", limit=3)
    rest = await desk.outbound.deliveries(desk.org, limit=3, cursor=first.next)
    assert (len(first.items), len(rest.items), rest.next) == (3, 2, None)
    assert len((await desk.outbound.subscriptions(desk.org, limit=5)).items) == 1


async def test_what_can_be_recovered_is_listed_oldest_first(desk: Desk) -> None:
    made = await desk.subscribe()
    for _ in range(3):
        await desk.publish(made)
    won = await desk.claim(made)
    for due in won[:2]:
        await desk.outbound.attempted(desk.done(due, "dead"))
    span = (0, desk.clock.now() * 2)
    assert await desk.outbound.count_recoverable(desk.org, made.id, *span) == 2
    first, cursor = await desk.outbound.recoverable(desk.org, made.id, *span, limit=1)
    second, cursor = await desk.outbound.recoverable(desk.org, made.id, *span, limit=1, cursor=cursor)
    assert [*first, *second] == [due.record.id for due in won[:2]]
    assert await desk.outbound.recoverable(desk.org, made.id, *span, limit=1, cursor=cursor) == ((), cursor)
    assert await desk.outbound.pending(desk.org, made.id, 10) == 1


async def test_event_types_of_operators_are_in_the_snapshot(desk: Desk) -> None:
    order = EventType("order", "out", summary="s", schema={"type": "object"}, example={"n": 1})
    await desk.outbound.put_event_type(desk.org, order)
    await desk.outbound.put_event_type(desk.org, EventType("order", "in"))
    await desk.outbound.put_event_type(desk.org, replace(order, summary="t"))
    assert desk.store.snapshot.event_types[desk.org] == await desk.outbound.event_types(desk.org)
    assert {(each.direction, each.summary) for each in await desk.outbound.event_types(desk.org)} == {
        ("out", "t"), ("in", ""),
    }  # fmt: skip
    await desk.outbound.delete_event_type(desk.org, "in", "order")
    with pytest.raises(NotFound):
        await desk.outbound.delete_event_type(desk.org, "in", "order")


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            (
                "SELECT * FROM deliveries WHERE org = x'00' AND subscription = x'00' AND ready <= 5"
                " ORDER BY ready, sequence LIMIT 5"
            ),
            "ix_deliveries_ready",
        ),
        (
            (
                "SELECT sequence FROM deliveries WHERE subscription = x'00' AND ordering_key = 'k'"
                " AND ordering_key IS NOT NULL AND state IN ('pending', 'paused') ORDER BY sequence LIMIT 1"
            ),
            "ix_deliveries_ordered",
        ),
    ],
)
async def test_what_runs_often_walks_an_index(desk: Desk, tmp_path: Path, query: str, index: str) -> None:
    with sqlite3.connect(tmp_path / "data" / "hub.db") as database:
        plan = " ".join(str(row) for row in database.execute(f"EXPLAIN QUERY PLAN {query}"))
    database.close()
    assert index in plan
