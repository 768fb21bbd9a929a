"""Accepting, holding, releasing, refusing and reading requests and events."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.errors import Conflict, NonceReplayed, NotFound, StaleSource
from hub.model.ids import new_id
from hub.model.stored.inbound import KeptSecret, NewEvent
from hub.model.stored.source import SourceChange, SourceSpec
from hub.store.sql.tables import executions

if TYPE_CHECKING:
    from tests.store.conftest import OpenStore, Scene


async def test_what_was_accepted_is_read_back_whole(scene: Scene) -> None:
    acceptance = scene.acceptance("k", vendor="okta", secret=new_id(), account="acme", body=b"\x00\xff{")

    accepted = await scene.store.inbound.accept(acceptance)

    [event] = acceptance.events
    assert accepted.executions == (event.executions[0].id,)
    assert not accepted.duplicate
    assert await scene.store.inbound.request(scene.org, accepted.request) == acceptance.request
    assert await scene.store.inbound.event(scene.org, event.record.id) == event.record
    execution = await scene.store.executions.get(scene.org, accepted.executions[0])
    assert (execution.state, execution.trigger, execution.event) == ("queued", {"data": {"a": 1}}, event.record.id)


async def test_a_second_event_with_the_key_is_answered_with_the_first_one(scene: Scene) -> None:
    first = await scene.store.inbound.accept(scene.acceptance("k"))
    second = await scene.store.inbound.accept(scene.acceptance("k"))

    assert second.duplicate
    assert second.events[0].id == first.events[0].id
    assert second.executions == first.executions
    assert (await scene.store.inbound.request(scene.org, second.request)).state == "duplicate"
    assert len((await scene.store.executions.list(scene.org, limit=10)).items) == 1


async def test_two_callers_with_one_key_at_once_start_one_execution(scene: Scene) -> None:
    outcomes = await asyncio.gather(*(scene.store.inbound.accept(scene.acceptance("k")) for _ in range(20)))

    assert len({outcome.executions for outcome in outcomes}) == 1
    assert sum(not outcome.duplicate for outcome in outcomes) == 1
    assert len((await scene.store.executions.list(scene.org, limit=50)).items) == 1


async def test_two_stores_on_one_file_find_each_others_duplicates(scene: Scene, open_store: OpenStore) -> None:
    async with open_store("two") as other:
        second = scene.over(other)
        outcomes = await asyncio.gather(
            *(side.store.inbound.accept(side.acceptance(f"k{turn}")) for turn in range(20) for side in (scene, second))
        )

    assert sum(not outcome.duplicate for outcome in outcomes) == 20
    assert len({outcome.executions for outcome in outcomes}) == 20


async def test_a_request_with_some_old_events_starts_only_the_new_ones(scene: Scene) -> None:
    first = await scene.store.inbound.accept(scene.acceptance("a"))
    second = await scene.store.inbound.accept(scene.acceptance("b", "a", None, "b"))

    assert [event.duplicate for event in second.events] == [False, True, False, True]
    assert second.events[1].executions == first.executions
    assert second.events[3].executions == second.events[0].executions
    assert not second.duplicate
    assert (await scene.store.inbound.request(scene.org, second.request)).state == "accepted"


async def test_the_same_key_of_another_account_or_source_is_another_event(scene: Scene) -> None:
    other = await scene.store.sources.create(scene.org, SourceSpec(), [])
    elsewhere = replace(scene.acceptance("k", source=other.id), generation=other.generation)

    outcomes = [
        await scene.store.inbound.accept(acceptance)
        for acceptance in (scene.acceptance("k"), scene.acceptance("k", account="acme"), elsewhere)
    ]

    assert not any(outcome.duplicate for outcome in outcomes)


async def test_events_without_a_key_are_never_duplicates(scene: Scene) -> None:
    outcomes = [await scene.store.inbound.accept(scene.acceptance(None)) for _ in range(2)]

    assert len({outcome.executions for outcome in outcomes}) == 2


async def test_a_changed_source_refuses_what_was_checked_before(scene: Scene) -> None:
    stale = scene.acceptance("k")
    await scene.store.sources.change(scene.org, scene.source.id, SourceChange(spec=SourceSpec(enabled=False)))

    with pytest.raises(StaleSource):
        await scene.store.inbound.accept(stale)

    with pytest.raises(NotFound):
        await scene.store.inbound.request(scene.org, stale.request.id)
    assert not (await scene.store.inbound.accept(scene.acceptance("k"))).duplicate


async def test_a_change_by_another_process_is_seen_inside_the_transaction(scene: Scene, open_store: OpenStore) -> None:
    async with open_store("two") as other:
        stale = scene.acceptance("k")
        await other.sources.change(scene.org, scene.source.id, SourceChange(spec=SourceSpec(enabled=False)))

        with pytest.raises(StaleSource):
            await scene.store.inbound.accept(stale)

    assert not scene.source.spec.enabled, "the refusal renews the snapshot, so that the caller can check again"


async def test_a_deleted_source_refuses(scene: Scene) -> None:
    stale = scene.acceptance("k")
    await scene.store.workflows.delete(scene.org, scene.workflow.id)

    with pytest.raises(StaleSource):
        await scene.store.inbound.accept(stale)


async def test_stale_and_current_requests_of_one_group_do_not_mix(scene: Scene) -> None:
    current, stale = scene.acceptance("a"), replace(scene.acceptance("b"), generation=99)

    outcomes = await asyncio.gather(
        scene.store.inbound.accept(current), scene.store.inbound.accept(stale), return_exceptions=True
    )

    assert [type(outcome).__name__ for outcome in outcomes] == ["Accepted", "StaleSource"]


async def test_a_nonce_with_the_same_body_is_a_duplicate(scene: Scene) -> None:
    first = await scene.store.inbound.accept(scene.acceptance("a", None, nonce="n"))
    second = await scene.store.inbound.accept(scene.acceptance("a", None, nonce="n"))

    assert (second.request, second.duplicate, second.executions) == (first.request, True, first.executions)
    assert all(event.duplicate for event in second.events)


async def test_a_nonce_with_another_body_is_refused_and_leaves_nothing(scene: Scene) -> None:
    await scene.store.inbound.accept(scene.acceptance("a", nonce="n"))
    replayed = scene.acceptance("b", nonce="n", body=b"other")

    with pytest.raises(NonceReplayed):
        await scene.store.inbound.accept(replayed)

    with pytest.raises(NotFound):
        await scene.store.inbound.request(scene.org, replayed.request.id)
    assert not (await scene.store.inbound.accept(scene.acceptance("b"))).duplicate


async def test_a_nonce_is_claimed_once_by_callers_at_the_same_moment(scene: Scene) -> None:
    outcomes = await asyncio.gather(*(scene.store.inbound.accept(scene.acceptance(None, nonce="n")) for _ in range(8)))

    assert sum(not outcome.duplicate for outcome in outcomes) == 1
    assert len({outcome.executions for outcome in outcomes}) == 1


async def test_kept_secrets_are_in_the_snapshot_when_accept_returns(scene: Scene) -> None:
    before = scene.source.generation

    await scene.store.inbound.accept(scene.acceptance(None, keep=(KeptSecret("signing", "whsec"),)))

    [secret] = scene.source.live("signing", scene.clock.now())
    assert (secret.value, secret.text) == (b"whsec", "whsec")
    assert scene.source.generation > before


async def test_keeping_the_same_secret_again_leaves_the_generation_alone(scene: Scene) -> None:
    keep = (KeptSecret("signing", "whsec"),)
    await scene.store.inbound.accept(scene.acceptance(None, keep=keep))
    generation = scene.source.generation

    await scene.store.inbound.accept(scene.acceptance(None, keep=keep))

    assert scene.source.generation == generation


async def test_an_empty_slot_is_filled_and_a_full_one_left_unless_replaced(scene: Scene) -> None:
    for keep in (
        KeptSecret("signing", "one", replace=False),
        KeptSecret("signing", "two", replace=False),
        KeptSecret("signing", "other", label="b", replace=False),
    ):
        await scene.store.sources.keep(scene.org, scene.source.id, [keep])
    assert {secret.text for secret in scene.source.live("signing", scene.clock.now())} == {"one"}

    await scene.store.sources.keep(scene.org, scene.source.id, [KeptSecret("signing", "three", decoded=b"3")])
    await scene.store.sources.keep(scene.org, scene.source.id, [KeptSecret("signing", None, label="b")])

    [secret] = scene.source.live("signing", scene.clock.now())
    assert (secret.text, secret.value) == ("three", b"3")


async def test_a_large_body_and_large_data_travel_through_the_blob_store(scene: Scene) -> None:
    body, data = b"x" * 70_000, {"long": "y" * 200_000}
    acceptance = scene.acceptance(body=body)
    execution = scene.execution(trigger=data)
    event = NewEvent(scene.event(acceptance.request, data=data), (execution,))

    accepted = await scene.store.inbound.accept(replace(acceptance, events=(event,)))

    request = await scene.store.inbound.request(scene.org, accepted.request)
    assert (request.body, request.body_ref is not None) == (body, True)
    assert (await scene.store.inbound.event(scene.org, event.record.id)).data == data
    assert (await scene.store.executions.get(scene.org, execution.id)).trigger == data
    [listed] = (await scene.store.inbound.requests(scene.org, limit=5)).items
    assert (listed.body, listed.body_ref) == (None, request.body_ref)


async def test_bytes_as_event_data_stay_bytes(scene: Scene) -> None:
    acceptance = scene.acceptance()
    event = NewEvent(scene.event(acceptance.request, data=b"\x00\xff"))

    await scene.store.inbound.accept(replace(acceptance, events=(event,)))

    assert (await scene.store.inbound.event(scene.org, event.record.id)).data == b"\x00\xff"


async def test_a_held_request_is_released_with_its_events(scene: Scene) -> None:
    held = scene.acceptance(state="held", step="event", reason="plugin broke")
    waiting = scene.event(held.request, "k", state="held")
    await scene.store.inbound.hold(replace(held, events=(NewEvent(waiting),)))
    assert (await scene.store.inbound.accept(scene.acceptance("k"))).executions == ()

    fresh = scene.event(held.request, "k")
    execution = scene.execution(event=fresh.id, request=held.request.id)
    released = await scene.store.inbound.release(scene.org, held.request.id, [NewEvent(fresh, (execution,))])

    assert released.executions == (execution.id,)
    assert not released.duplicate
    assert (await scene.store.inbound.request(scene.org, held.request.id)).state == "accepted"
    assert (await scene.store.inbound.accept(scene.acceptance("k"))).executions == (execution.id,)
    with pytest.raises(NotFound):
        await scene.store.inbound.event(scene.org, waiting.id)
    with pytest.raises(Conflict):
        await scene.store.inbound.release(scene.org, held.request.id, [])
    with pytest.raises(NotFound):
        await scene.store.inbound.release(scene.org, new_id(), [])


async def test_refused_requests_are_kept_with_step_and_reason_and_a_short_body(scene: Scene) -> None:
    refused = scene.request(state="refused", step="verify", reason="bad signature", status=401, body=b"z" * 20_000)
    scene.store.inbound.refuse(refused)
    await scene.store.inbound.accept(scene.acceptance(None))

    kept = await scene.store.inbound.request(scene.org, refused.id)
    assert (kept.step, kept.reason, kept.status, kept.size) == ("verify", "bad signature", 401, 20_000)
    assert kept.body == b"z" * 16_384


async def test_a_flood_of_refusals_of_one_source_is_capped_and_refills_with_time(scene: Scene) -> None:
    def flood() -> None:
        for _ in range(300):
            scene.store.inbound.refuse(scene.request(state="refused"))

    async def kept() -> int:
        await scene.store.inbound.accept(scene.acceptance(None))
        return len((await scene.store.inbound.requests(scene.org, state="refused", limit=1000)).items)

    flood()
    assert await kept() == 100
    assert scene.store.inbound.refusals_dropped == 200
    scene.clock.advance(60)
    flood()
    assert await kept() == 110


async def test_lists_page_newest_first_and_filter(scene: Scene) -> None:
    accepted = [await scene.store.inbound.accept(scene.acceptance(None)) for _ in range(5)]
    newest_first = [outcome.request for outcome in reversed(accepted)]
    inbound = scene.store.inbound

    first = await inbound.requests(scene.org, source=scene.source.id, state="accepted", limit=3)
    rest = await inbound.requests(scene.org, limit=3, cursor=first.next)

    assert [request.id for request in first.items + rest.items] == newest_first
    assert rest.next is None
    assert (await inbound.requests(scene.org, state="held", limit=3)).items == ()
    assert (await inbound.requests(new_id(), limit=3)).items == ()
    assert len((await inbound.events(scene.org, type="thing.happened", limit=9)).items) == 5
    [event] = (await inbound.events(scene.org, request=newest_first[0], source=scene.source.id, limit=9)).items
    assert event.request == newest_first[0]


async def test_nothing_is_read_across_orgs(scene: Scene) -> None:
    accepted = await scene.store.inbound.accept(scene.acceptance(None))
    other = await scene.store.access.create_org("other")

    for read in (
        scene.store.inbound.request(other.id, accepted.request),
        scene.store.inbound.event(other.id, accepted.events[0].id),
        scene.store.executions.get(other.id, accepted.executions[0]),
    ):
        with pytest.raises(NotFound):
            await read


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(st.lists(st.one_of(st.none(), st.sampled_from("abcde")), max_size=4), min_size=1, max_size=12))
async def test_each_key_starts_exactly_one_execution_however_requests_are_grouped(
    scene: Scene, requests: list[list[str | None]]
) -> None:
    round_ = new_id().hex()
    groups = [[None if key is None else key + round_ for key in keys] for keys in requests]

    outcomes = await asyncio.gather(*(scene.store.inbound.accept(scene.acceptance(*keys)) for keys in groups))

    started: dict[str, set[tuple[bytes, ...]]] = {}
    for keys, outcome in zip(groups, outcomes, strict=True):
        for key, event in zip(keys, outcome.events, strict=True):
            if key is not None:
                started.setdefault(key, set()).add(event.executions)
    assert all(len(ids) == 1 for ids in started.values())
    fresh = [event.executions[0] for outcome in outcomes for event in outcome.events if not event.duplicate]
    assert len(fresh) == len(set(fresh)) == len(started) + sum(key is None for keys in groups for key in keys)
    rows = await scene.store._database.rows(select(executions.c.id).where(executions.c.id.in_(fresh)))
    assert {row.id for row in rows} == set(fresh)


async def test_held_events_of_an_accepted_request_are_released_too(scene: Scene) -> None:
    acceptance = scene.acceptance("good")
    waiting = scene.event(acceptance.request, "k", state="held", reason="plugin broke")
    await scene.store.inbound.accept(replace(acceptance, events=(*acceptance.events, NewEvent(waiting))))
    fresh = scene.event(acceptance.request, "k")

    released = await scene.store.inbound.release(
        scene.org, acceptance.request.id, [NewEvent(fresh, (scene.execution(event=fresh.id),))]
    )

    assert [event.duplicate for event in released.events] == [False]
    listed = await scene.store.inbound.events(scene.org, request=acceptance.request.id, limit=9)
    assert {(event.key, event.state) for event in listed.items} == {("good", "accepted"), ("k", "accepted")}
    with pytest.raises(Conflict):
        await scene.store.inbound.release(scene.org, acceptance.request.id, [])


async def test_requests_can_be_listed_oldest_first(scene: Scene) -> None:
    accepted = [(await scene.store.inbound.accept(scene.acceptance(None))).request for _ in range(3)]

    first = await scene.store.inbound.requests(scene.org, limit=2, oldest_first=True)
    rest = await scene.store.inbound.requests(scene.org, limit=2, cursor=first.next, oldest_first=True)

    assert [request.id for request in first.items + rest.items] == accepted
