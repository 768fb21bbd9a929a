"""Workflows, drafts, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.errors import Fenced, NotFound, PreconditionFailed
from hub.model.ids import new_id
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SecretsChange, SourceChange, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowChange

if TYPE_CHECKING:
    from tests.store.conftest import Scene

NEXT = {"nodes": [{"id": "a", "action": "transform"}]}
PUBLISH = WorkflowChange(published=True)
WITHDRAW = WorkflowChange(published=False)


async def test_a_workflow_comes_with_its_source_and_first_version(scene: Scene) -> None:
    snapshot = scene.store.snapshot

    assert (scene.workflow.version, scene.workflow.latest, scene.workflow.draft) == (1, 1, {"nodes": []})
    assert snapshot.workflows[scene.workflow.id] == scene.workflow
    assert snapshot.published[scene.workflow.id].definition == {"nodes": []}
    assert (scene.source.workflow, len(scene.source.secrets)) == (scene.workflow.id, 1)


async def test_an_unpublished_workflow_has_no_version(scene: Scene) -> None:
    made = await scene.store.workflows.create(scene.org, "later", NEXT, source=SourceSpec(), secrets=[], publish=False)

    assert (made.version, made.latest) == (None, 0)
    assert made.id not in scene.store.snapshot.published
    published = await scene.store.workflows.change(scene.org, made.id, PUBLISH)
    assert (published.version, published.latest) == (1, 1)
    assert scene.store.snapshot.published[made.id].definition == NEXT


async def test_saving_a_draft_changes_no_version(scene: Scene) -> None:
    workflows, second = scene.store.workflows, WorkflowChange(name="second", draft=NEXT)
    saved = await workflows.change(scene.org, scene.workflow.id, second, generation=scene.workflow.generation)

    assert (saved.name, saved.draft, saved.version) == ("second", NEXT, 1)
    assert scene.store.snapshot.published[scene.workflow.id].definition == {"nodes": []}
    for stale in (
        workflows.change(scene.org, saved.id, second, generation=scene.workflow.generation),
        workflows.delete(scene.org, saved.id, generation=scene.workflow.generation),
    ):
        with pytest.raises(PreconditionFailed) as caught:
            await stale
        assert caught.value.status == 412
    with pytest.raises(NotFound):
        await workflows.change(scene.org, new_id(), second)


async def test_draft_source_and_publication_change_together_or_not_at_all(scene: Scene) -> None:
    workflows, by = scene.store.workflows, new_id()
    signing = StoredSecret(new_id(), "signing", b"s", "s", created=1)
    source = SourceChange(spec=SourceSpec(name="n", vendor="okta"), secrets=SecretsChange(add=[signing]))
    whole = WorkflowChange(name="second", draft=NEXT, source=source, published=True)

    changed = await workflows.change(scene.org, scene.workflow.id, whole, generation=scene.workflow.generation, by=by)

    assert (changed.name, changed.draft, changed.version) == ("second", NEXT, 2)
    assert changed.generation == scene.workflow.generation + 1
    published = scene.store.snapshot.published[changed.id]
    assert (published.definition, published.created_by) == (NEXT, by)
    assert (scene.source.spec.vendor, len(scene.source.secrets)) == ("okta", 2)
    before, lost = scene.source, SourceChange(spec=SourceSpec(), secrets=SecretsChange(remove=[new_id()]))
    for failing in (
        workflows.change(scene.org, changed.id, whole, generation=scene.workflow.generation),
        workflows.change(scene.org, changed.id, WorkflowChange(name="x", draft={}, source=lost, published=True)),
    ):
        with pytest.raises((PreconditionFailed, NotFound)):
            await failing
    assert scene.store.snapshot.workflows[changed.id] == changed
    assert (scene.source, scene.store.snapshot.published[changed.id].number) == (before, 2)


async def test_a_change_of_its_source_is_a_change_of_the_workflow(scene: Scene) -> None:
    def generation() -> int:
        return scene.store.snapshot.workflows[scene.workflow.id].generation

    first = generation()
    await scene.store.sources.change(scene.org, scene.source.id, SourceChange(spec=SourceSpec(name="n")))
    second = generation()
    await scene.store.sources.keep(scene.org, scene.source.id, [KeptSecret("signing", "kept")])
    third = generation()
    await scene.store.sources.touch_secret(scene.org, scene.source.id, scene.source.secrets[0].id, 5)

    assert first < second < third == generation()
    with pytest.raises(PreconditionFailed):
        await scene.store.workflows.delete(scene.org, scene.workflow.id, generation=first)


async def test_publishing_numbers_versions_and_keeps_old_ones(scene: Scene) -> None:
    workflows, key, by = scene.store.workflows, scene.workflow.id, new_id()
    unchanged = await workflows.change(scene.org, key, PUBLISH)
    assert unchanged == scene.workflow
    await workflows.change(scene.org, key, WorkflowChange(draft=NEXT))

    second = await workflows.change(scene.org, key, PUBLISH, by=by)

    assert (second.version, second.latest) == (2, 2)
    assert (await workflows.version(scene.org, key, 1)).definition == {"nodes": []}
    assert [version.number for version in await workflows.versions(scene.org, key)] == [2, 1]
    assert (await workflows.versions(scene.org, key))[0].created_by == by
    for missing in (workflows.version(scene.org, key, 3), workflows.versions(scene.org, new_id())):
        with pytest.raises(NotFound):
            await missing


async def test_unpublishing_and_publishing_again_gives_the_same_version(scene: Scene) -> None:
    workflows, key = scene.store.workflows, scene.workflow.id

    withdrawn = await workflows.change(scene.org, key, WITHDRAW)
    assert withdrawn.version is None
    assert key not in scene.store.snapshot.published
    assert await workflows.change(scene.org, key, WITHDRAW) == withdrawn
    assert (await workflows.change(scene.org, key, PUBLISH)).version == 1
    assert scene.store.snapshot.published[key].number == 1


async def test_deleting_takes_source_and_versions_and_cancels_what_runs(scene: Scene) -> None:
    accepted = await scene.store.inbound.accept(scene.acceptance(None, lease=scene.lease()))
    [execution] = accepted.executions
    source = scene.source

    await scene.store.workflows.delete(scene.org, scene.workflow.id)

    snapshot = scene.store.snapshot
    assert source.id not in snapshot.sources
    assert scene.workflow.id not in {**snapshot.workflows, **snapshot.published}
    assert (await scene.store.executions.get(scene.org, execution)).state == "cancelled"
    with pytest.raises(Fenced):
        await scene.store.executions.journal(scene.org, execution, 1, [])
    for missing in (
        scene.store.workflows.delete(scene.org, scene.workflow.id),
        scene.store.workflows.change(scene.org, scene.workflow.id, PUBLISH),
        scene.store.workflows.version(scene.org, scene.workflow.id, 1),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_lists_are_of_the_org(scene: Scene) -> None:
    other = await scene.store.access.create_org("other")
    listed = scene.store.workflows.list

    assert [one.id for one in (await listed(scene.org, limit=5)).items] == [scene.workflow.id]
    assert (await listed(other.id, limit=5)).items == ()
