"""Sources, their secrets, their generation."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hub.errors import Conflict, Invalid, NotFound, PreconditionFailed
from hub.model.ids import new_id
from hub.model.stored.source import RateLimit, SecretsChange, SourceChange, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowChange

if TYPE_CHECKING:
    from tests.store.conftest import OpenStore, Scene

SPEC = SourceSpec(name="shared", vendor="okta", settings={"header": "X"}, rate_limit=RateLimit(requests=3))


def secret(text: str, created: int, **fields: Any) -> StoredSecret:
    return StoredSecret(new_id(), "signing", text.encode(), text=text, created=created, **fields)


async def test_a_source_is_in_the_snapshot_when_create_returns(scene: Scene) -> None:
    made = await scene.store.sources.create(scene.org, SPEC, [secret("s", 1)], by=new_id())

    assert scene.store.snapshot.sources[made.id] == made
    assert (made.workflow, made.spec, made.secrets[0].text) == (None, SPEC, "s")


async def test_what_was_created_is_there_after_a_restart(open_store: OpenStore) -> None:
    async with open_store() as store:
        org = next(iter(store.snapshot.orgs))
        made = await store.sources.create(org, SPEC, [secret("s", 1, label="x", expires=5, revoked=True)])
    async with open_store() as again:
        assert again.snapshot.sources[made.id] == made


async def test_a_change_raises_the_generation_and_is_guarded_by_it(scene: Scene) -> None:
    sources = scene.store.sources
    made = await sources.create(scene.org, SPEC, [])

    changed = await sources.change(scene.org, made.id, SourceChange(spec=SourceSpec()), generation=made.generation)

    assert changed.generation > made.generation
    assert scene.store.snapshot.sources[made.id].spec == SourceSpec()
    for stale in (
        sources.change(scene.org, made.id, SourceChange(spec=SPEC), generation=made.generation),
        sources.delete(scene.org, made.id, generation=made.generation),
    ):
        with pytest.raises(PreconditionFailed) as caught:
            await stale
        assert caught.value.status == 412
    for missing in (
        sources.change(scene.org, new_id(), SourceChange(spec=SPEC)),
        sources.change(new_id(), made.id, SourceChange(spec=SPEC)),
    ):
        with pytest.raises(NotFound):
            await missing
    await sources.delete(scene.org, made.id, generation=changed.generation)
    assert made.id not in scene.store.snapshot.sources


async def test_spec_and_secrets_change_together_or_not_at_all(scene: Scene) -> None:
    sources = scene.store.sources
    old = {slot: replace(secret(slot, 1), slot=slot) for slot in "abc"}
    made = await sources.create(scene.org, SPEC, list(old.values()))
    fresh = replace(secret("new", 2), slot="a")
    replaced = SecretsChange(clear=["a", "b"], add=[fresh])

    changed = await sources.change(scene.org, made.id, SourceChange(spec=SourceSpec(), secrets=replaced))

    assert {one.slot: one.id for one in changed.secrets} == {"a": fresh.id, "c": old["c"].id}
    assert changed.generation == made.generation + 1
    cleared = SecretsChange(clear=["c"])
    for failing in (
        sources.change(scene.org, made.id, SourceChange(spec=SPEC, secrets=cleared), generation=made.generation),
        sources.change(scene.org, made.id, SourceChange(spec=SPEC, secrets=SecretsChange(remove=[old["a"].id]))),
        sources.change(
            scene.org, made.id, SourceChange(spec=SPEC, secrets=SecretsChange(clear=["c"], remove=[new_id()]))
        ),
    ):
        with pytest.raises((PreconditionFailed, NotFound)):
            await failing
    assert scene.store.snapshot.sources[made.id] == changed


async def test_an_alias_belongs_to_one_source_of_all_orgs(scene: Scene) -> None:
    sources, other = scene.store.sources, await scene.store.access.create_org("other")
    named, free = SourceSpec(aliases=("old-id",)), await sources.create(other.id, SPEC, [])
    made = await sources.create(scene.org, named, [])
    await sources.change(scene.org, made.id, SourceChange(spec=named), generation=made.generation)

    owned = WorkflowChange(name="renamed", source=SourceChange(spec=named))
    for taken in (
        sources.create(other.id, named, []),
        sources.change(other.id, free.id, SourceChange(spec=named, secrets=SecretsChange(add=[secret("s", 1)]))),
        scene.store.workflows.create(scene.org, "w", {}, source=named, secrets=[], publish=True),
        scene.store.workflows.change(scene.org, scene.workflow.id, owned),
    ):
        with pytest.raises(Conflict, match="old-id") as caught:
            await taken
        assert caught.value.status == 409
    assert scene.store.snapshot.sources[free.id] == free
    assert scene.store.snapshot.workflows == {scene.workflow.id: scene.workflow}
    await sources.change(scene.org, made.id, SourceChange(spec=SPEC))
    await sources.create(other.id, named, [])


async def test_two_changes_made_from_one_generation_are_one_change(scene: Scene) -> None:
    made = await scene.store.sources.create(scene.org, SPEC, [])
    changes = [SourceChange(spec=SourceSpec(name=str(number))) for number in range(20)]

    outcomes = await asyncio.gather(
        *(scene.store.sources.change(scene.org, made.id, one, generation=made.generation) for one in changes),
        return_exceptions=True,
    )

    [won] = [one for one in outcomes if not isinstance(one, BaseException)]
    assert all(isinstance(one, PreconditionFailed) for one in outcomes if one is not won)
    assert scene.store.snapshot.sources[made.id] == won


async def test_only_shared_sources_can_be_deleted(scene: Scene) -> None:
    made = await scene.store.sources.create(scene.org, SPEC, [secret("s", 1)])

    await scene.store.sources.delete(scene.org, made.id)

    assert made.id not in scene.store.snapshot.sources
    with pytest.raises(NotFound):
        await scene.store.sources.delete(scene.org, made.id)
    with pytest.raises(Conflict):
        await scene.store.sources.delete(scene.org, scene.source.id)


async def test_rotating_with_overlap_lets_older_secrets_of_slot_and_label_expire(scene: Scene) -> None:
    sources, now = scene.store.sources, scene.clock.now()

    async def add(one: StoredSecret, overlap: int | None = None) -> None:
        change = SourceChange(secrets=SecretsChange(add=[one], overlap=overlap))
        await sources.change(scene.org, scene.source.id, change)

    for text, label in (("old", None), ("other", "b")):
        await add(secret(text, now, label=label))
    await add(secret("new", now + 1), overlap=1_000_000)

    assert [one.text for one in scene.source.live("signing", now)] == ["new", "other", "old"]
    assert {one.text for one in scene.source.live("signing", now + 1_000_000)} == {"new", "other"}
    await add(secret("newest", now + 2), overlap=0)
    assert {one.text for one in scene.source.live("signing", now)} == {"newest", "other"}


async def test_a_slot_is_replaced_cleared_and_single_secrets_deleted(scene: Scene) -> None:
    async def change(**fields: Any) -> None:
        secrets = SourceChange(secrets=SecretsChange(**fields))
        await scene.store.sources.change(scene.org, scene.source.id, secrets)

    fresh = [secret("a", 1), secret("b", 2)]
    await change(clear=["signing"], add=fresh)
    generation = scene.source.generation
    await change(remove=[fresh[0].id])

    assert [one.text for one in scene.source.live("signing", 3)] == ["b"]
    assert scene.source.generation > generation
    assert scene.source.live("url", 3), "other slots stay"
    await change(clear=["signing"])
    assert not scene.source.has("signing")
    with pytest.raises(NotFound):
        await change(remove=[fresh[0].id])


async def test_last_uses_are_noted_without_raising_the_generation(scene: Scene) -> None:
    [url] = scene.source.live("url", scene.clock.now())
    generation = scene.source.generation

    for at in (5, 9, 7):
        await scene.store.sources.touch_secret(scene.org, scene.source.id, url.id, at)

    assert await scene.store.sources.last_uses(scene.org, scene.source.id) == {url.id: 9}
    assert scene.source.generation == generation


async def test_lists_hold_shared_and_own_sources_of_the_org(scene: Scene) -> None:
    made = await scene.store.sources.create(scene.org, SPEC, [])
    other = await scene.store.access.create_org("other")
    await scene.store.sources.create(other.id, SPEC, [])

    first = await scene.store.sources.list(scene.org, limit=1)
    second = await scene.store.sources.list(scene.org, limit=1, cursor=first.next)

    assert [source.id for source in first.items + second.items] == [made.id, scene.source.id]
    assert second.items[0].secrets, "a listed source is the whole record"
    with pytest.raises(Invalid):
        await scene.store.sources.list(scene.org, limit=1, cursor="?")


async def test_no_secret_stands_in_the_files_of_the_database(scene: Scene, tmp_path: Path) -> None:
    marks = [f"very-secret-{number}-" + "z" * 20 for number in range(4)]
    added = SourceChange(secrets=SecretsChange(add=[secret(marks[0], 1)]))
    await scene.store.sources.change(scene.org, scene.source.id, added)
    await scene.store.access.put_connection(scene.org, "slack", "bearer", {"token": marks[1]})
    await scene.store.inbound.accept(scene.acceptance(None, headers=(("X-Other", marks[2]),)))
    refused = scene.request(state="refused", headers=(("X-Other", marks[3]),))
    scene.store.inbound.refuse(refused)
    await scene.store.sources.touch_secret(scene.org, scene.source.id, new_id(), 1)

    written = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("hub.db*"))
    assert refused.id in written, "the search looks where the rows are"
    assert not [mark for mark in [*marks, "url-secret-text", "u" * 32] if mark.encode() in written]
    with sqlite3.connect(tmp_path / "data" / "hub.db") as connection:
        [(count,)] = connection.execute("SELECT count(*) FROM secrets")
    connection.close()
    assert count == 3
    assert (await scene.store.inbound.request(scene.org, refused.id)).headers == (("X-Other", marks[3]),)
