"""A store from its start to its stop: what is kept, what other processes see, which keys it takes."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import fields

import pytest

from hub.errors import KeysMissing, StoreUnavailable
from hub.model.stored.access import AuditEntry
from hub.model.stored.source import SecretsChange, SourceChange, SourceSpec
from hub.model.stored.workflow import WorkflowChange
from hub.model.wire.event_type import EventType
from hub.ports.store import Access, Snapshot, Store
from hub.store.vault import Vault
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox, signing_secret
from hub.testing.conformance.store.registry.access import api_key
from hub.testing.conformance.store.registry.sources import SHARED, stored_secret
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["LifecycleChecks"]


def contents(snapshot: Snapshot) -> dict[str, object]:
    """What a snapshot shows, its number left out."""
    names = {field.name for field in fields(snapshot) if field.compare} - {"generation"}
    return {name: getattr(snapshot, name) for name in names}


async def change_everything(scene: StoreScene) -> None:
    """One change of every kind that the snapshot shows."""
    store, org = scene.store, scene.org
    shared = await store.sources.create(org, SHARED, [stored_secret(scene, "s")])
    doomed = await store.sources.create(org, SHARED, [])
    secrets = SecretsChange(add=[stored_secret(scene, "t")], overlap=5)
    await store.sources.change(org, shared.id, SourceChange(spec=SourceSpec(name="t"), secrets=secrets))
    await store.sources.delete(org, doomed.id)
    workflow, gone = [
        await store.workflows.create(org, name, {"n": 1}, source=SourceSpec(), secrets=[], publish=True)
        for name in ("stays", "gone")
    ]
    await store.workflows.change(org, workflow.id, WorkflowChange(draft={"n": 2}, published=True))
    await store.workflows.delete(org, gone.id)
    second = await store.access.create_org("second")
    key = api_key(scene)
    await store.access.create_key(key)
    await store.access.revoke_key(org, key.id, 2)
    await store.access.set_plugin("okta", disabled=True)
    subscription, deleted = [await Outbox(scene).subscribe(signing_secret("s")) for _ in range(2)]
    await store.outbound.mark(org, subscription.id, failing_since=3, warned=True)
    await Outbox(scene).delete(deleted)
    for owner, name in ((org, "order"), (org, "other"), (second.id, "order")):
        await store.outbound.put_event_type(owner, EventType(name))
    await store.outbound.delete_event_type(org, "in", "other")


class LifecycleChecks(Conformance):
    """`start`, `stop`, `snapshot` and `refresh`."""

    @shows(Store.start)
    async def test_stores_that_open_an_empty_database_at_once_agree(self, scene: StoreScene) -> None:
        """There is one org, named default."""
        await scene.stop()
        fresh = [scene.elsewhere() for _ in range(3)]
        try:
            await asyncio.gather(*(one.start(f"owner {number}", source=False) for number, one in enumerate(fresh)))

            for one in fresh:
                await one.store.refresh()
                assert [org.name for org in one.store.snapshot.orgs.values()] == ["default"]
            assert len({one.org for one in fresh}) == 1
        finally:
            for one in fresh:
                await one.stop()

    @shows(Store.stop, Access.audit)
    async def test_a_stop_commits_what_is_queued(self, scene: StoreScene) -> None:
        """And refuses what comes later."""
        store = scene.store
        entries = [AuditEntry(scene.org, scene.id(), at, None, "a", "t", {}) for at in range(20)]
        queued = [asyncio.ensure_future(store.access.audit(entry)) for entry in entries]
        await asyncio.sleep(0)

        await scene.stop()

        await asyncio.gather(*queued)
        with pytest.raises(StoreUnavailable):
            await store.access.audit(entries[0])
        await scene.start()
        assert await page_through(scene.store.access.audit_log, scene.org, limit=9) == entries[::-1]

    @shows(Access.audit)
    async def test_a_caller_that_is_cancelled_cancels_nothing(self, scene: StoreScene) -> None:
        """A sender that hangs up undoes no commit, neither its own nor that of others."""
        entries = [AuditEntry(scene.org, scene.id(), at, None, "a", "t", {}) for at in range(3)]
        tasks = [asyncio.ensure_future(scene.store.access.audit(entry)) for entry in entries]
        await asyncio.sleep(0)

        tasks[1].cancel()

        assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [
            type(None), asyncio.CancelledError, type(None),
        ]  # fmt: skip
        await scene.restart()
        kept = await page_through(scene.store.access.audit_log, scene.org)
        assert {entries[0].id, entries[2].id} <= {entry.id for entry in kept} <= {entry.id for entry in entries}

    @shows(Store.snapshot)
    async def test_the_snapshot_is_what_a_fresh_start_reads(self, scene: StoreScene) -> None:
        """After changes of every kind."""
        before = scene.store.snapshot

        await change_everything(scene)

        assert scene.store.snapshot.generation > before.generation
        async with scene.beside() as other:
            assert contents(other.store.snapshot) == contents(scene.store.snapshot)
            assert other.store.snapshot.generation == scene.store.snapshot.generation

    @shows(Store.refresh)
    async def test_a_refresh_shows_what_other_processes_changed(self, scene: StoreScene) -> None:
        """And makes nothing new where nothing has changed."""
        async with scene.beside() as other:
            await change_everything(scene)

            await other.store.refresh()

            assert contents(other.store.snapshot) == contents(scene.store.snapshot)
            assert other.store.snapshot.generation == scene.store.snapshot.generation
            held = other.store.snapshot
            await other.store.refresh()
            assert other.store.snapshot is held

    @shows(Store.snapshot)
    async def test_a_change_by_another_process_appears_by_itself(self, scene: StoreScene) -> None:
        """Within a few seconds."""

        async def disabled() -> frozenset[str]:
            return other.store.snapshot.disabled_plugins

        async with scene.beside() as other:
            await scene.store.access.set_plugin("okta", disabled=True)
            async with asyncio.timeout(20):
                await scene.until(disabled, frozenset({"okta"}))

    @shows(Store.snapshot)
    async def test_what_did_not_change_is_the_same_object(self, scene: StoreScene) -> None:
        """A change makes a new snapshot and leaves the old one as it was."""
        before = scene.store.snapshot
        orgs = dict(before.orgs)

        await scene.store.access.create_org("other")

        after = scene.store.snapshot
        assert (after is not before, before.orgs) == (True, orgs)
        assert after.sources is before.sources
        assert after.published is before.published

    @shows(Store.start)
    async def test_keys_that_do_not_open_the_database_are_refused(self, scene: StoreScene) -> None:
        """Nothing is written then, so that the right keys open it afterwards."""
        await change_everything(scene)
        expected = contents(scene.store.snapshot)
        await scene.stop()
        keys, aside = scene.folder / "keys", scene.folder / "aside"
        keys.rename(aside)
        right, scene.vault = scene.vault, Vault(keys)

        for _ in range(2):
            with pytest.raises(KeysMissing):
                await scene.start()

        shutil.rmtree(keys)
        aside.rename(keys)
        scene.vault = right
        await scene.start()
        assert contents(scene.store.snapshot) == expected
