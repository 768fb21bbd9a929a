"""Sources, their secrets, their generation."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.errors import Conflict, Invalid, NotFound
from hub.model.ids import new_id
from hub.model.stored.source import RateLimit, SourceSpec, StoredSecret

if TYPE_CHECKING:
    from tests.store.conftest import OpenStore, Scene

SPEC = SourceSpec(name="shared", vendor="okta", settings={"header": "X"}, rate_limit=RateLimit(requests=3))


def secret(text: str, created: int, **fields: object) -> StoredSecret:
    return StoredSecret(new_id(), "signing", text.encode(), text=text, created=created, **fields)  # type: ignore[arg-type]


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


async def test_an_update_raises_the_generation_and_is_guarded_by_it(scene: Scene) -> None:
    made = await scene.store.sources.create(scene.org, SPEC, [])

    changed = await scene.store.sources.update(scene.org, made.id, SourceSpec(), generation=made.generation)

    assert changed.generation > made.generation
    assert scene.store.snapshot.sources[made.id].spec == SourceSpec()
    with pytest.raises(Conflict) as caught:
        await scene.store.sources.update(scene.org, made.id, SPEC, generation=made.generation)
    assert caught.value.status == 412
    with pytest.raises(NotFound):
        await scene.store.sources.update(scene.org, new_id(), SPEC)


async def test_an_update_takes_its_secrets_with_it_or_changes_nothing(scene: Scene) -> None:
    old = {slot: replace(secret(slot, 1), slot=slot) for slot in "abc"}
    made = await scene.store.sources.create(scene.org, SPEC, list(old.values()))
    fresh = replace(secret("new", 2), slot="a")

    changed = await scene.store.sources.update(scene.org, made.id, SourceSpec(), slots={"a": [fresh], "b": []})

    assert {one.slot: one.id for one in changed.secrets} == {"a": fresh.id, "c": old["c"].id}
    assert changed.generation > made.generation
    with pytest.raises(Conflict):
        await scene.store.sources.update(scene.org, made.id, SPEC, generation=made.generation, slots={"c": []})
    assert scene.store.snapshot.sources[made.id] == changed


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
    for text, label in (("old", None), ("other", "b")):
        await sources.add_secret(scene.org, scene.source.id, secret(text, now, label=label))
    await sources.add_secret(scene.org, scene.source.id, secret("new", now + 1), overlap=1_000_000)

    assert [one.text for one in scene.source.live("signing", now)] == ["new", "other", "old"]
    assert {one.text for one in scene.source.live("signing", now + 1_000_000)} == {"new", "other"}
    await sources.add_secret(scene.org, scene.source.id, secret("newest", now + 2), overlap=0)
    assert {one.text for one in scene.source.live("signing", now)} == {"newest", "other"}


async def test_a_slot_is_replaced_cleared_and_single_secrets_deleted(scene: Scene) -> None:
    sources, key = scene.store.sources, scene.source.id
    fresh = [secret("a", 1), secret("b", 2)]
    await sources.put_secrets(scene.org, key, "signing", fresh)
    generation = scene.source.generation
    await sources.delete_secret(scene.org, key, fresh[0].id)

    assert [one.text for one in scene.source.live("signing", 3)] == ["b"]
    assert scene.source.generation > generation
    assert scene.source.live("url", 3), "other slots stay"
    await sources.put_secrets(scene.org, key, "signing", [])
    assert not scene.source.has("signing")
    with pytest.raises(NotFound):
        await sources.delete_secret(scene.org, key, fresh[0].id)


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
    await scene.store.sources.add_secret(scene.org, scene.source.id, secret(marks[0], 1))
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
