"""Workflows: their drafts, versions, publication, and the source that each owns."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Conflict, Fenced, NotFound, PreconditionFailed
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SecretsChange, SourceChange, SourceSpec
from hub.model.stored.workflow import WorkflowChange, WorkflowRecord
from hub.ports.store import Sources, Workflows
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.registry.sources import stored_secret
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["WorkflowChecks"]

FIRST: dict[str, Any] = {"nodes": [], "ä": 1.5}
NEXT: dict[str, Any] = {"nodes": [{"id": "a", "action": "transform"}]}
PUBLISH = WorkflowChange(published=True)
WITHDRAW = WorkflowChange(published=False)


async def workflow(scene: StoreScene, name: str = "first", *, publish: bool = True) -> WorkflowRecord:
    """A workflow with one secret at its source."""
    secret = stored_secret(scene, "url", slot="url")
    return await scene.store.workflows.create(
        scene.org, name, FIRST, source=SourceSpec(name="own"), secrets=[secret], publish=publish
    )


class WorkflowChecks(Conformance):
    """What operators draw and publish."""

    @shows(Workflows.create)
    async def test_a_workflow_comes_with_its_source_and_first_version(self, scene: StoreScene) -> None:
        """In the snapshot, as it is found after a restart."""
        made = await workflow(scene)

        for _ in range(2):
            snapshot = scene.store.snapshot
            assert snapshot.workflows[made.id] == made
            assert (made.name, made.draft, made.version, made.latest) == ("first", FIRST, 1, 1)
            assert (snapshot.published[made.id].number, snapshot.published[made.id].definition) == (1, FIRST)
            source = snapshot.sources[made.source]
            assert (source.workflow, source.spec.name, len(source.secrets)) == (made.id, "own", 1)
            await scene.restart()

    @shows(Workflows.create, Workflows.change)
    async def test_an_unpublished_workflow_has_no_version(self, scene: StoreScene) -> None:
        """Until it is published."""
        made = await workflow(scene, publish=False)
        assert (made.version, made.latest) == (None, 0)
        assert made.id not in scene.store.snapshot.published

        published = await scene.store.workflows.change(scene.org, made.id, PUBLISH)

        assert (published.version, published.latest) == (1, 1)
        assert scene.store.snapshot.published[made.id].definition == FIRST

    @shows(Workflows.change, Workflows.delete)
    async def test_a_change_of_a_workflow_is_guarded_by_its_generation(self, scene: StoreScene) -> None:
        """And raises it; so is its deletion. A new draft changes no version."""
        workflows, made = scene.store.workflows, await workflow(scene)
        second = WorkflowChange(name="second", draft=NEXT)

        saved = await workflows.change(scene.org, made.id, second, generation=made.generation)

        assert (saved.name, saved.draft, saved.version) == ("second", NEXT, 1)
        assert saved.generation > made.generation
        assert scene.store.snapshot.published[made.id].definition == FIRST
        for stale in (
            workflows.change(scene.org, made.id, second, generation=made.generation),
            workflows.delete(scene.org, made.id, generation=made.generation),
        ):
            with pytest.raises(PreconditionFailed):
                await stale
        assert scene.store.snapshot.workflows[made.id] == saved

    @shows(Workflows.change)
    async def test_draft_source_and_publication_change_together_or_not_at_all(self, scene: StoreScene) -> None:
        """Whatever makes a part of the change impossible."""
        workflows, made, by = scene.store.workflows, await workflow(scene), scene.id()
        source = SourceChange(spec=SourceSpec(vendor="okta"), secrets=SecretsChange(add=[stored_secret(scene, "s", 1)]))
        whole = WorkflowChange(name="second", draft=NEXT, source=source, published=True)
        await scene.store.sources.create(scene.org, SourceSpec(aliases=("taken",)), [])

        changed = await workflows.change(scene.org, made.id, whole, generation=made.generation, by=by)

        assert (changed.name, changed.draft, changed.version) == ("second", NEXT, 2)
        before = scene.store.snapshot
        assert (before.published[made.id].definition, before.published[made.id].created_by) == (NEXT, by)
        assert (before.sources[made.source].spec.vendor, len(before.sources[made.source].secrets)) == ("okta", 2)
        for error, broken in (
            (NotFound, SourceChange(spec=SourceSpec(), secrets=SecretsChange(remove=[scene.id()]))),
            (Conflict, SourceChange(spec=SourceSpec(aliases=("taken",)))),
        ):
            with pytest.raises(error):
                await workflows.change(
                    scene.org, made.id, WorkflowChange(name="x", draft={}, source=broken, published=True)
                )
            for after in (scene.store.snapshot.workflows, scene.store.snapshot.sources):
                assert after in (before.workflows, before.sources)

    @shows(Workflows.change, Sources.change, Sources.keep, Sources.touch_secret)
    async def test_a_change_of_its_source_is_a_change_of_the_workflow(self, scene: StoreScene) -> None:
        """Whoever guards the one guards the other."""
        made, sources = await workflow(scene), scene.store.sources

        def generation() -> int:
            return scene.store.snapshot.workflows[made.id].generation

        [url] = scene.store.snapshot.sources[made.source].secrets
        await sources.change(scene.org, made.source, SourceChange(spec=SourceSpec(name="n")))
        second = generation()
        await sources.keep(scene.org, made.source, [KeptSecret("signing", "kept")])
        third = generation()
        await sources.touch_secret(scene.org, made.source, url.id, 5)

        assert made.generation < second < third == generation()
        with pytest.raises(PreconditionFailed):
            await scene.store.workflows.change(scene.org, made.id, PUBLISH, generation=made.generation)

    @shows(Workflows.change, Workflows.version, Workflows.versions)
    async def test_publishing_numbers_versions_and_keeps_old_ones(self, scene: StoreScene) -> None:
        """An unchanged draft does not become a new version."""
        workflows, made, by = scene.store.workflows, await workflow(scene), scene.id()
        assert await workflows.change(scene.org, made.id, PUBLISH) == made
        await workflows.change(scene.org, made.id, WorkflowChange(draft=NEXT))

        second = await workflows.change(scene.org, made.id, PUBLISH, by=by)

        assert (second.version, second.latest) == (2, 2)
        first = await workflows.version(scene.org, made.id, 1)
        assert (first.number, first.definition, first.created_by) == (1, FIRST, None)
        newest = await workflows.version(scene.org, made.id, 2)
        assert (newest.definition, newest.created_by, newest.created) == (NEXT, by, scene.clock.now())
        assert await workflows.versions(scene.org, made.id) == (newest, first)
        for org, key in ((scene.org, scene.id()), (scene.id(), made.id)):
            with pytest.raises(NotFound):
                await workflows.versions(org, key)
            with pytest.raises(NotFound):
                await workflows.version(org, key, 1)
        with pytest.raises(NotFound):
            await workflows.version(scene.org, made.id, 3)

    @shows(Workflows.change)
    async def test_withdrawing_and_publishing_again_gives_the_same_version(self, scene: StoreScene) -> None:
        """While nothing is published, requests find no definition."""
        workflows, made = scene.store.workflows, await workflow(scene)

        withdrawn = await workflows.change(scene.org, made.id, WITHDRAW)

        assert (withdrawn.version, withdrawn.latest) == (None, 1)
        assert made.id not in scene.store.snapshot.published
        assert await workflows.change(scene.org, made.id, WITHDRAW) == withdrawn
        assert (await workflows.change(scene.org, made.id, PUBLISH)).version == 1
        assert scene.store.snapshot.published[made.id].number == 1

    @shows(Workflows.delete)
    async def test_deleting_a_workflow_takes_source_and_versions_along(self, scene: StoreScene) -> None:
        """Executions that have not finished are cancelled, in whatever state; those that have stay as they are."""
        made = await workflow(scene)
        done, running, parked = [await scene.queue(workflow=made.id, serial_key=key) for key in ("a", "b", "b")]
        child = await scene.queue(kind="child", parent=running.id)
        await scene.claim()
        await scene.finish(done.id, 1)
        other = await scene.queue()

        await scene.store.workflows.delete(scene.org, made.id)

        snapshot = scene.store.snapshot
        assert made.source not in snapshot.sources
        assert made.id not in {**snapshot.workflows, **snapshot.published}
        states = [(await scene.store.executions.get(scene.org, one.id)).state for one in (done, running, parked, child)]
        assert states == ["succeeded", "cancelled", "cancelled", "cancelled"]
        with pytest.raises(Fenced):
            await scene.journal(running.id, 1)
        assert [one.record.id for one in await scene.claim()] == [other.id]

    @shows(Workflows.delete, Workflows.change)
    async def test_a_workflow_that_is_not_there_cannot_be_changed(self, scene: StoreScene) -> None:
        """Neither one of another org, nor one that was deleted."""
        workflows, made, gone = scene.store.workflows, await workflow(scene), await workflow(scene)
        await workflows.delete(scene.org, gone.id)
        for org, key in ((scene.org, gone.id), (scene.org, scene.id()), (scene.id(), made.id)):
            for call in (workflows.change(org, key, PUBLISH), workflows.delete(org, key)):
                with pytest.raises(NotFound):
                    await call
        assert scene.store.snapshot.workflows == {made.id: made}

    @shows(Workflows.list)
    async def test_workflows_are_listed_newest_first(self, scene: StoreScene) -> None:
        """Those of the org, while workflows come and go."""
        made = [await workflow(scene, str(number)) for number in range(4)]
        other = await scene.store.access.create_org("other")

        async def come_and_go() -> None:
            await workflow(scene)
            await scene.store.workflows.delete(scene.org, made[0].id)

        listed = await page_through(scene.store.workflows.list, scene.org, meanwhile=come_and_go)

        assert listed == made[:0:-1]
        assert await page_through(scene.store.workflows.list, other.id) == []
