"""Retention in the tables: nothing stays behind of what was removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from hub.model.stored.access import AuditEntry
from hub.model.stored.execution import NodeRecord
from hub.model.stored.outbound import NewDelivery
from hub.ports.store.retention import RETENTION_KINDS
from hub.store.sql.tables import metadata
from hub.testing.conformance.store.jobs.desk import JobDesk
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.scene import StoreScene
from hub.testing.conformance.store.upkeep.retention import DAY, prune

KEPT = {"addresses", "alembic_version", "changes", "orgs", "sources", "subscriptions"}
"""Tables that hold what people set up, and the addresses that sources had."""


async def counts(scene: StoreScene) -> dict[str, int]:
    """How many rows each table has."""
    store: Any = scene.store
    return {
        name: int((await store.resources.database.rows(select(func.count()).select_from(table)))[0][0])
        for name, table in metadata.tables.items()
    }


async def test_no_row_and_no_blob_is_left_of_what_was_removed(scene: StoreScene) -> None:
    large = b"x" * 200_000
    for number in range(5):
        await scene.store.inbound.accept(scene.acceptance(f"k{number}", nonce=f"n{number}", body=large))
        execution = await scene.queue(trigger={"large": number, "x": large.decode()})
        [won] = [one for one in await scene.claim() if one.record.id == execution.id]
        await scene.journal(execution.id, 1, NodeRecord("a", "succeeded", output=large.decode()))
        for one in (*await scene.claim(), won):
            await scene.finish(one.record.id, one.lease.fence)
    for record in (await scene.store.executions.list(scene.org, limit=50)).items:
        await scene.store.executions.cancel(scene.org, record.id, scene.clock.now())
    outbox = Outbox(scene)
    subscription, (message, _) = await outbox.subscribe(), outbox.new()
    delivery = outbox.delivery(message, subscription, large)
    await scene.store.outbound.publish(replace(message, data=large.decode()), [NewDelivery(delivery)])
    await outbox.attempt((await outbox.claim(subscription))[0])
    await scene.store.access.audit(AuditEntry(scene.org, scene.id(), scene.clock.now(), None, "a", "t", {}))
    await scene.store.answers.claim(scene.org, "POST /a", "k", "d")
    await scene.store.jobs.create(job := JobDesk(scene).new(), lease=scene.lease())
    await scene.store.jobs.release(replace(job, state="done"), 1)
    filled = {name for name, count in (await counts(scene)).items() if count} - KEPT
    scene.clock.advance(DAY)

    for kind in RETENTION_KINDS:
        await prune(scene, kind, scene.clock.now())

    assert filled >= {"requests", "events", "event_keys", "nonces", "executions", "nodes", "messages", "deliveries"}
    assert filled >= {"bodies", "attempts", "audit", "jobs", "answers"}
    assert {name for name, count in (await counts(scene)).items() if count} <= KEPT
    assert not [path for path in (scene.folder / "blobs").rglob("*") if path.is_file()]
