"""The snapshot: renewed by every change, whichever process made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from hub.model.ids import new_id
from hub.model.stored.access import KeyRecord
from hub.model.stored.source import SourceChange, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowChange
from hub.store.sql.tables import changes
from hub.store.sql.writer import Priority

if TYPE_CHECKING:
    from hub.ports.store.snapshot import Snapshot
    from hub.store.sql.store import SqlStore
    from tests.store.conftest import OpenStore, Scene


def contents(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, generation=0)


async def change_everything(scene: Scene) -> None:
    store, org = scene.store, scene.org
    shared = await store.sources.create(org, SourceSpec(name="s"), [StoredSecret(new_id(), "signing", b"k", created=1)])
    doomed = await store.sources.create(org, SourceSpec(name="doomed"), [])
    await store.sources.change(org, shared.id, SourceChange(spec=SourceSpec(name="t")))
    await store.sources.delete(org, doomed.id)
    renamed = WorkflowChange(
        name="renamed", draft={"nodes": [], "x": 1}, source=SourceChange(spec=SourceSpec(name="u"))
    )
    await store.workflows.change(org, scene.workflow.id, renamed)
    await store.workflows.change(org, scene.workflow.id, WorkflowChange(published=True))
    gone = await store.workflows.create(org, "gone", {}, source=SourceSpec(), secrets=[], publish=True)
    await store.workflows.delete(org, gone.id)
    await store.access.create_org("second")
    key = KeyRecord(org, new_id(), "k", "viewer", b"d" * 32, "last", 1)
    await store.access.create_key(key)
    await store.access.revoke_key(org, key.id, 2)
    await store.access.set_plugin("okta", disabled=True)


async def test_step_by_step_it_becomes_what_a_fresh_start_reads(scene: Scene, open_store: OpenStore) -> None:
    await change_everything(scene)

    async with open_store("two") as fresh:
        assert contents(fresh.snapshot) == contents(scene.store.snapshot)


async def test_another_process_catches_up(scene: Scene, open_store: OpenStore) -> None:
    async with open_store("two") as other:
        await change_everything(scene)
        await other.refresh()

        assert contents(other.snapshot) == contents(scene.store.snapshot)
        assert other.snapshot.generation == scene.store.snapshot.generation
        held = other.snapshot
        await other.refresh()
        assert other.snapshot is held, "nothing new, nothing made"


async def test_another_process_catches_up_by_itself(scene: Scene, open_store: OpenStore) -> None:
    async with open_store("two") as other:
        await scene.store.access.set_plugin("okta", disabled=True)
        await follow(other, lambda: "okta" in other.snapshot.disabled_plugins)


async def follow(store: SqlStore, done: Callable[[], bool]) -> None:
    """Let the loop run until the poll has seen it; bounded by the test runner's patience, not by a pause."""
    import asyncio

    async with asyncio.timeout(10):
        while not done():
            await store.access.plugins()


async def test_a_process_too_far_behind_reads_everything(scene: Scene, open_store: OpenStore) -> None:
    async with open_store("two") as other:
        await change_everything(scene)
        number = scene.store.snapshot.generation + 20_000
        await scene.store._writer.run(
            Priority.LOGS,
            lambda transaction: transaction.connection.exec_driver_sql(
                f"UPDATE {changes.name} SET number = number + 20000"
            ),
        )
        await other.refresh()

        assert other.snapshot.generation == number
        assert contents(other.snapshot) == contents(scene.store.snapshot)


async def test_what_was_not_touched_is_the_same_object(scene: Scene) -> None:
    before = scene.store.snapshot
    await scene.store.access.create_org("other")
    after = scene.store.snapshot

    assert after.sources is before.sources
    assert after.published is before.published
    assert after is not before
