"""Retention: what is old goes with everything that hangs on it, what is still needed stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import Invalid, NotFound
from hub.model.ids import Id
from hub.model.stored.access import AuditEntry
from hub.model.stored.execution import NodeRecord
from hub.model.stored.inbound import NewEvent
from hub.model.stored.jobs import JobState
from hub.model.stored.outbound import NewDelivery
from hub.ports.store import Retention
from hub.ports.store.retention import RETENTION_KINDS, RetentionKind
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.jobs.desk import JobDesk
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["RetentionChecks"]

DAY = 86_400


async def prune(scene: StoreScene, kind: RetentionKind, before: int, limit: int = 3) -> tuple[int, int]:
    """All steps; how many things and blobs they removed. As many things as were counted before."""
    removed = blobs = 0
    counted = await scene.store.retention.count(kind, before)
    cursor: str | None = None
    while True:
        step = await scene.store.retention.prune(kind, before, limit=limit, cursor=cursor)
        if step.removed > limit:
            raise AssertionError(f"a step that looks at {limit} things removed {step.removed}")
        removed, blobs, cursor = removed + step.removed, blobs + step.blobs, step.cursor
        if cursor is None:
            if removed != counted:
                raise AssertionError(f"{counted} things were counted and {removed} removed")
            return removed, blobs


class RetentionChecks(Conformance):
    """`prune`."""

    @shows(Retention.prune)
    async def test_old_requests_go_with_their_events(self, scene: StoreScene) -> None:
        """Those that are held, or have an event that is, stay."""
        gone = [await scene.store.inbound.accept(scene.acceptance(f"k{number}")) for number in range(7)]
        held = await scene.store.inbound.accept(scene.acceptance(state="held"))
        waiting = scene.acceptance()
        event = NewEvent(scene.event(waiting.request, state="held"))
        await scene.store.inbound.accept(replace(waiting, events=(event,)))
        scene.clock.advance(DAY)
        border = scene.clock.now()
        young = await scene.store.inbound.accept(scene.acceptance("young"))

        assert await prune(scene, "requests", border) == (7, 0)

        kept = await page_through(scene.store.inbound.requests, scene.org)
        assert [one.id for one in kept] == [young.request, waiting.request.id, held.request]
        assert len(await page_through(scene.store.inbound.events, scene.org)) == 2
        with pytest.raises(NotFound):
            await scene.store.inbound.event(scene.org, gone[0].events[0].id)
        assert await prune(scene, "requests", border) == (0, 0)

    @shows(Retention.prune)
    async def test_the_key_of_an_event_is_known_for_as_long_as_its_request(self, scene: StoreScene) -> None:
        """Afterwards an event with that key is a first one, which stays known in its turn."""
        first = await scene.store.inbound.accept(scene.acceptance("same"))
        assert (await scene.store.inbound.accept(scene.acceptance("same"))).events[0].id == first.events[0].id
        scene.clock.advance(DAY)
        border = scene.clock.now()
        assert await prune(scene, "requests", border) == (2, 0)

        again = await scene.store.inbound.accept(scene.acceptance("same"))

        assert not again.duplicate
        assert await prune(scene, "requests", border) == (0, 0)
        assert (await scene.store.inbound.accept(scene.acceptance("same"))).duplicate

    @shows(Retention.prune)
    async def test_old_nonces_are_forgotten(self, scene: StoreScene) -> None:
        """Those claimed before the border, with the requests."""
        await scene.store.inbound.accept(scene.acceptance(nonce="n"))
        claimed = scene.clock.now()
        await prune(scene, "requests", claimed)
        assert (await scene.store.inbound.accept(scene.acceptance(nonce="n"))).duplicate

        await prune(scene, "requests", claimed + 1)

        assert not (await scene.store.inbound.accept(scene.acceptance(nonce="n"))).duplicate

    @shows(Retention.prune)
    async def test_old_executions_go_with_their_journal_once_they_have_finished(self, scene: StoreScene) -> None:
        """However old the others are."""
        done, running, waiting = [await scene.queue() for _ in range(3)]
        await scene.claim()
        await scene.journal(done.id, 1, NodeRecord("a", "succeeded", output=1))
        await scene.finish(done.id, 1, "failed")
        await scene.rest(waiting.id, 1, seconds=10 * DAY)
        queued = await scene.queue(due=scene.clock.now() + 1)
        scene.clock.advance(DAY)
        await scene.finish(running.id, 1)

        assert await prune(scene, "executions", scene.clock.now()) == (1, 0)

        kept = [one.id for one in await page_through(scene.store.executions.list, scene.org)]
        assert kept == [queued.id, waiting.id, running.id], "age counts from the end"
        assert await scene.store.executions.nodes(scene.org, done.id) == ()
        assert await prune(scene, "executions", scene.clock.now() + 1) == (1, 0)

    @shows(Retention.prune)
    async def test_messages_stay_while_a_delivery_has_not_arrived(self, scene: StoreScene) -> None:
        """Pending, paused, or dead while it can still be sent again; a held message stays too."""
        outbox = Outbox(scene)
        made, off, gone = [await outbox.subscribe() for _ in range(3)]
        ids: dict[str, Id] = {"unwanted": await outbox.publish(), "held": await outbox.publish(state="held")}
        for state in ("delivered", "dead"):
            ids[state] = await outbox.publish(made)
            await outbox.attempt((await outbox.claim(made))[0], state)
        ids["dead forever"] = await outbox.publish(gone)
        await outbox.attempt((await outbox.claim(gone))[0], "dead")
        ids["cancelled"] = await outbox.publish(gone)
        await outbox.delete(gone)
        ids["paused"] = await outbox.publish(off)
        await outbox.disable(off)
        ids["skipped"] = await outbox.publish(off)
        ids["half"] = await outbox.publish(made, made)
        await outbox.attempt((await outbox.claim(made))[0])
        scene.clock.advance(DAY)
        border = scene.clock.now()
        ids["young"] = await outbox.publish()

        removed, _ = await prune(scene, "messages", border)

        kept = {message.id for message, _ in await page_through(scene.store.outbound.messages, scene.org)}
        assert kept == {ids[name] for name in ("held", "dead", "paused", "half", "young")}
        assert removed == len(ids) - len(kept)
        deliveries = await page_through(scene.store.outbound.deliveries, scene.org)
        assert {one.message for one in deliveries} == {ids[name] for name in ("dead", "paused", "half")}
        log = await page_through(scene.store.outbound.attempts, scene.org, made.id)
        assert {record.message for record, _, _ in log} == {ids["dead"], ids["half"]}

    @shows(Retention.prune)
    async def test_old_audit_entries_of_every_org_go(self, scene: StoreScene) -> None:
        """In small steps; young ones stay."""
        other = await scene.store.access.create_org("other")
        for org in (scene.org, other.id):
            for _ in range(4):
                await scene.store.access.audit(AuditEntry(org, scene.id(), scene.clock.now(), None, "a", "t", {}))
        scene.clock.advance(DAY)
        border = scene.clock.now()
        for org in (scene.org, other.id):
            await scene.store.access.audit(AuditEntry(org, scene.id(), border, None, "a", "t", {}))

        assert await prune(scene, "audit", border) == (8, 0)

        for org in (scene.org, other.id):
            assert [one.at for one in await page_through(scene.store.access.audit_log, org)] == [border]

    @shows(Retention.prune, Retention.count)
    async def test_old_jobs_go_once_they_have_ended(self, scene: StoreScene) -> None:
        """Counting, running and paused ones stay, and so do those that begin again."""
        desk = JobDesk(scene)
        ended = [await desk.running() for _ in range(3)]
        states: tuple[JobState, ...] = ("done", "failed", "cancelled")
        for job, state in zip(ended, states, strict=True):
            await desk.jobs.release(replace(job, state=state), 1)
        await desk.jobs.create(counting := desk.new())
        running, paused, repeating = [await desk.running() for _ in range(3)]
        await desk.jobs.steer(scene.org, paused.id, "pause", scene.clock.now())
        await desk.jobs.release(replace(repeating, state="done"), 1, again=scene.clock.now() + 9)
        scene.clock.advance(DAY)
        border = scene.clock.now()
        young = await desk.running()
        await desk.jobs.release(replace(young, state="done"), 1)

        assert await scene.store.retention.count("jobs", border) == 3
        assert await prune(scene, "jobs", border) == (3, 0)

        kept = [job.id for job in await page_through(desk.jobs.list, scene.org)]
        assert kept == [job.id for job in (young, repeating, paused, running, counting)]
        assert await scene.store.retention.count("jobs", border) == 0

    @shows(Retention.prune)
    async def test_a_blob_goes_with_the_last_thing_that_refers_to_it(self, scene: StoreScene) -> None:
        """Of whatever kind, for the same bytes are one blob."""
        first = await scene.store.inbound.accept(scene.acceptance(body=b"x" * 70_000))
        scene.clock.advance(DAY)
        border = scene.clock.now()
        second = await scene.store.inbound.accept(scene.acceptance(body=b"x" * 70_000))
        outbox = Outbox(scene)
        subscription, (message, _) = await outbox.subscribe(), outbox.new()
        delivery = outbox.delivery(message, subscription, b"x" * 70_000)
        await scene.store.outbound.publish(message, [NewDelivery(delivery)])
        ref = (await scene.store.inbound.request(scene.org, first.request)).body_ref
        assert ref is not None

        assert await prune(scene, "requests", border) == (1, 0)
        assert (await scene.store.inbound.request(scene.org, second.request)).body == b"x" * 70_000
        assert await prune(scene, "requests", border + 1) == (1, 0)
        assert (await scene.store.outbound.delivery(scene.org, delivery.id))[0].body == b"x" * 70_000
        await outbox.attempt((await outbox.claim(subscription))[0])
        assert await prune(scene, "messages", border + 1) == (1, 1)

        with pytest.raises(NotFound):
            await scene.blobs.get(scene.org, ref)

    @shows(Retention.prune)
    async def test_old_answers_are_forgotten(self, scene: StoreScene) -> None:
        """Their idempotency keys are unknown then; younger ones stay."""
        await scene.store.answers.claim(scene.org, "POST /a", "old", "d")
        scene.clock.advance(DAY)
        border = scene.clock.now()
        await scene.store.answers.claim(scene.org, "POST /a", "young", "d")

        assert await prune(scene, "answers", border) == (1, 0)

        assert await scene.store.answers.claim(scene.org, "POST /a", "old", "e") is None
        assert await scene.store.answers.claim(scene.org, "POST /a", "young", "e") is not None

    @shows(Retention.give_back, Retention.space)
    async def test_space_that_is_free_is_given_back_in_steps(self, scene: StoreScene) -> None:
        """Until there is no more; nothing that is kept is lost."""
        for number in range(40):
            await scene.store.inbound.accept(scene.acceptance(f"k{number}", body=b"x" * 30_000))
        scene.clock.advance(DAY)
        border = scene.clock.now()
        young = await scene.store.inbound.accept(scene.acceptance("young", body=b"y" * 30_000))
        await prune(scene, "requests", border)
        before = await scene.store.retention.space()

        while await scene.store.retention.give_back(limit=16):
            pass

        after = await scene.store.retention.space()
        assert 0 <= after.free <= before.free
        assert 0 < after.database <= before.database
        assert after.database - after.free <= before.database
        assert after.log >= 0
        assert (await scene.store.inbound.request(scene.org, young.request)).body == b"y" * 30_000
        assert await scene.store.retention.give_back() is False

    @shows(Retention.prune)
    async def test_a_cursor_of_retention_that_no_store_gave_is_invalid(self, scene: StoreScene) -> None:
        """Of every kind."""
        for kind in RETENTION_KINDS:
            for cursor in ("zz", "00"):
                with pytest.raises(Invalid):
                    await scene.store.retention.prune(kind, 1, cursor=cursor)
