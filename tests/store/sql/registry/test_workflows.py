"""Workflows, drafts, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.errors import Conflict, Fenced, NotFound
from hub.model.ids import new_id
from hub.model.stored.source import SourceSpec

if TYPE_CHECKING:
    from tests.store.conftest import Scene

NEXT = {"nodes": [{"id": "a", "action": "transform"}]}


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
    published = await scene.store.workflows.publish(scene.org, made.id)
    assert (published.version, published.latest) == (1, 1)
    assert scene.store.snapshot.published[made.id].definition == NEXT


async def test_saving_a_draft_changes_no_version(scene: Scene) -> None:
    workflows = scene.store.workflows
    saved = await workflows.save_draft(
        scene.org, scene.workflow.id, "second", NEXT, generation=scene.workflow.generation
    )

    assert (saved.name, saved.draft, saved.version) == ("second", NEXT, 1)
    assert scene.store.snapshot.published[scene.workflow.id].definition == {"nodes": []}
    with pytest.raises(Conflict) as caught:
        await workflows.save_draft(scene.org, saved.id, "x", NEXT, generation=scene.workflow.generation)
    assert caught.value.status == 412
    with pytest.raises(NotFound):
        await workflows.save_draft(scene.org, new_id(), "x", NEXT)


async def test_publishing_numbers_versions_and_keeps_old_ones(scene: Scene) -> None:
    workflows, key, by = scene.store.workflows, scene.workflow.id, new_id()
    unchanged = await workflows.publish(scene.org, key)
    assert unchanged == scene.workflow
    await workflows.save_draft(scene.org, key, "n", NEXT)

    second = await workflows.publish(scene.org, key, by=by)

    assert (second.version, second.latest) == (2, 2)
    assert (await workflows.version(scene.org, key, 1)).definition == {"nodes": []}
    assert [version.number for version in await workflows.versions(scene.org, key)] == [2, 1]
    assert (await workflows.versions(scene.org, key))[0].created_by == by
    for missing in (workflows.version(scene.org, key, 3), workflows.versions(scene.org, new_id())):
        with pytest.raises(NotFound):
            await missing


async def test_unpublishing_and_publishing_again_gives_the_same_version(scene: Scene) -> None:
    workflows, key = scene.store.workflows, scene.workflow.id

    assert (await workflows.unpublish(scene.org, key)).version is None
    assert key not in scene.store.snapshot.published
    assert (await workflows.unpublish(scene.org, key)).version is None
    assert (await workflows.publish(scene.org, key)).version == 1
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
        scene.store.workflows.publish(scene.org, scene.workflow.id),
        scene.store.workflows.version(scene.org, scene.workflow.id, 1),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_lists_are_of_the_org(scene: Scene) -> None:
    other = await scene.store.access.create_org("other")
    listed = scene.store.workflows.list

    assert [one.id for one in (await listed(scene.org, limit=5)).items] == [scene.workflow.id]
    assert (await listed(other.id, limit=5)).items == ()
