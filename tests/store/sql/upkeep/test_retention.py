"""Removing what is old; sealing again under a new master key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select

from hub.errors import Invalid, NotFound
from hub.model.ids import new_id
from hub.model.stored.access import AuditEntry, Job
from hub.model.stored.execution import ExecutionChange, NodeRecord
from hub.model.stored.inbound import NewEvent
from hub.ports.store.retention import RetentionKind
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.tables import attempts, bodies, deliveries, messages, metadata
from hub.store.sql.transaction import Transaction
from hub.store.sql.upkeep.retention import SqlRetention
from hub.store.sql.writer import Priority

if TYPE_CHECKING:
    from tests.store.conftest import OpenStore, Scene

DAY = 86_400


async def prune_all(scene: Scene, kind: RetentionKind, before: int, limit: int = 3) -> tuple[int, int]:
    removed = blobs = 0
    cursor: str | None = None
    while True:
        step = await scene.store.retention.prune(kind, before, limit=limit, cursor=cursor)
        removed, blobs, cursor = removed + step.removed, blobs + step.blobs, step.cursor
        if cursor is None:
            return removed, blobs


async def count(scene: Scene, table: str) -> int:
    rows = await scene.store._database.rows(select(func.count()).select_from(metadata.tables[table]))
    return int(rows[0][0])


async def test_old_requests_go_with_their_events_and_held_ones_stay(scene: Scene) -> None:
    for _ in range(7):
        await scene.store.inbound.accept(scene.acceptance("k" + new_id().hex()))
    held = await scene.store.inbound.hold(scene.acceptance(state="held"))
    waiting = scene.acceptance()
    event = scene.event(waiting.request, state="held")
    await scene.store.inbound.accept(replace(waiting, events=(NewEvent(event),)))
    scene.clock.advance(DAY)
    border = scene.clock.now()
    young = await scene.store.inbound.accept(scene.acceptance("young"))

    assert await prune_all(scene, "requests", border) == (7, 0)

    left = {request.id for request in (await scene.store.inbound.requests(scene.org, limit=50)).items}
    assert left == {held.request, waiting.request.id, young.request}
    assert await count(scene, "events") == 2
    assert await count(scene, "event_keys") == 1


async def test_an_event_id_is_known_for_as_long_as_its_request(scene: Scene) -> None:
    """The young one of the same id, accepted after its predecessor went, is a first one that stays known."""
    first = await scene.store.inbound.accept(scene.acceptance("same"))
    assert (await scene.store.inbound.accept(scene.acceptance("same"))).events[0].id == first.events[0].id
    scene.clock.advance(DAY)
    border = scene.clock.now()
    assert await prune_all(scene, "requests", border) == (2, 0)
    again = await scene.store.inbound.accept(scene.acceptance("same"))
    assert not again.duplicate
    assert await prune_all(scene, "requests", border) == (0, 0)
    assert (await scene.store.inbound.accept(scene.acceptance("same"))).duplicate
    assert await prune_all(scene, "requests", border) == (0, 0)


async def test_each_org_is_looked_through(scene: Scene) -> None:
    other = await scene.store.access.create_org("other")
    for org in (scene.org, other.id):
        for _ in range(4):
            await scene.store.access.audit(AuditEntry(org, new_id(), scene.clock.now(), None, "a", "t", {}))
    border = scene.clock.now() + 1
    scene.clock.advance(1)
    for org in (scene.org, other.id):
        await scene.store.access.audit(AuditEntry(org, new_id(), scene.clock.now(), None, "a", "t", {}))

    assert await prune_all(scene, "audit", border) == (8, 0)
    assert await count(scene, "audit") == 2


async def test_only_finished_executions_go_and_take_their_journal(scene: Scene) -> None:
    executions = [scene.execution() for _ in range(4)]
    await scene.store.executions.create(executions)
    now = scene.clock.now()
    await scene.store.executions.claim("one", now + 1, now, 3)
    for execution in executions[:2]:
        await scene.store.executions.journal(
            scene.org,
            execution.id,
            1,
            [NodeRecord("a", "succeeded", output=1)],
            ExecutionChange(state="succeeded", finished=now),
        )
    scene.clock.advance(DAY)

    assert await prune_all(scene, "executions", scene.clock.now()) == (2, 0)

    left = (await scene.store.executions.list(scene.org, limit=9)).items
    assert [execution.state for execution in left] == ["queued", "running"]
    assert await count(scene, "nodes") == 0


async def test_blobs_go_with_the_last_row_that_names_them(scene: Scene, tmp_path: Path) -> None:
    directory = tmp_path / "data" / "blobs"
    resources = replace(scene.store.resources, blobs=DirectoryBlobs(directory, grace_seconds=0))
    scene.store.retention = SqlRetention(resources)
    first = await scene.store.inbound.accept(scene.acceptance(body=b"x" * 70_000))
    scene.clock.advance(DAY)
    border = scene.clock.now()
    second = await scene.store.inbound.accept(scene.acceptance(body=b"x" * 70_000))
    ref = (await scene.store.inbound.request(scene.org, first.request)).body_ref
    assert ref is not None

    assert await prune_all(scene, "requests", border) == (1, 0)
    assert (await scene.store.inbound.request(scene.org, second.request)).body == b"x" * 70_000
    assert await prune_all(scene, "requests", border + 1) == (1, 1)
    with pytest.raises(NotFound):
        await resources.blobs.get(scene.org, ref)


async def test_messages_stay_while_a_delivery_has_not_arrived(scene: Scene) -> None:
    now = scene.clock.now()
    states = ("delivered", "pending", "paused", "dead", "cancelled", "skipped")
    ids = {state: new_id() for state in (*states, "unmatched", "held")}

    def work(transaction: Transaction) -> None:
        for state, message in ids.items():
            row = {"org": scene.org, "id": message, "type": "t", "created": now, "origin": "api", "reason": ""}
            kept = "held" if state == "held" else "accepted"
            transaction.execute(insert(messages), row | {"state": kept, "deliveries": 1})
            transaction.execute(insert(bodies), {"org": scene.org, "message": message, "form": 0, "body": b"b"})
            if state not in states:
                continue
            delivery = new_id()
            numbers = dict.fromkeys(("form", "due", "fence", "crashes", "attempts", "tries"), 0)
            names = {"message": message, "subscription": new_id(), "state": state, "type": "t", "error": ""}
            transaction.execute(
                insert(deliveries), {"org": scene.org, "id": delivery, "created": now, **numbers, **names}
            )
            attempt = {"number": 1, "at": now, "duration_ms": 1, "request_headers": b"", "response_headers": b""}
            texts = {"response_body": "", "error": "", "refused": False}
            transaction.execute(insert(attempts), {"org": scene.org, "delivery": delivery, **attempt, **texts})

    await scene.store._writer.run(Priority.JOURNAL, work)

    removed, _ = await prune_all(scene, "messages", now + 1)

    rows = await scene.store._database.rows(select(messages.c.id))
    # dead ones are kept while their subscription is there to try again; here it is gone
    assert {row.id for row in rows} == {ids["pending"], ids["paused"], ids["held"]}
    assert removed == 5
    assert [await count(scene, table) for table in ("deliveries", "attempts", "bodies")] == [2, 2, 3]


async def test_unfinished_jobs_stay(scene: Scene) -> None:
    job = Job(scene.org, new_id(), "recover", {}, "done", 1, 1, 0, "", 1, 1)
    await scene.store.access.put_job(job)
    await scene.store.access.put_job(running := replace(job, id=new_id(), state="paused"))

    assert await prune_all(scene, "jobs", 2) == (1, 0)
    assert await scene.store.access.open_jobs() == (running,)


async def test_old_nonces_are_forgotten_with_the_requests(scene: Scene) -> None:
    await scene.store.inbound.accept(scene.acceptance(nonce="n"))
    await prune_all(scene, "requests", scene.clock.now())
    assert await count(scene, "nonces") == 1
    await prune_all(scene, "requests", scene.clock.now() + 1)
    assert await count(scene, "nonces") == 0


async def test_a_cursor_of_nobody_is_refused(scene: Scene) -> None:
    for cursor in ("zz", "00"):
        with pytest.raises(Invalid):
            await scene.store.retention.prune("audit", 1, cursor=cursor)
        with pytest.raises(Invalid):
            await scene.store.resealing.step(cursor + ":" + cursor + "x")


async def test_everything_sealed_opens_without_the_old_key_after_resealing(
    scene: Scene, open_store: OpenStore, tmp_path: Path
) -> None:
    await scene.store.access.put_connection(scene.org, "slack", "bearer", {"a": "1", "b": "2"})
    accepted = [await scene.store.inbound.accept(scene.acceptance(None)) for _ in range(5)]
    scene.store.resources.vault.rotate()
    newest = await scene.store.inbound.accept(scene.acceptance(None))

    cursor: str | None = ""
    done = 0
    while cursor is not None:
        some, cursor = await scene.store.resealing.step(cursor, limit=2)
        done += some

    assert done == 3 + 5
    (tmp_path / "data" / "keys" / "master-1.key").unlink()
    async with open_store("two") as other:
        assert other.snapshot.sources == scene.store.snapshot.sources
        assert await other.access.connection_values(scene.org, "slack") == {"a": "1", "b": "2"}
        for one in (*accepted, newest):
            assert (await other.inbound.request(scene.org, one.request)).headers
