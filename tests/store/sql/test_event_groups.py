"""Large batches whose groups cannot be written at once: they are accepted all the same, and written later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.errors import StoreUnavailable
from hub.model.ids import Id
from hub.store.blobs import DirectoryBlobs
from hub.store.parts import StoreParts, sql_store
from hub.testing.clock import ManualClock
from hub.testing.conformance.store.scene import StoreScene

KEYS = [f"k{number}" for number in range(1_700)]


class Unsteady(DirectoryBlobs):
    """A directory that cannot be read while `down`, from the second of a batch's groups on."""

    down = False
    reads = 0

    async def get(self, org: Id, ref: str) -> bytes:
        Unsteady.reads += Unsteady.down
        if Unsteady.down and Unsteady.reads > 1:
            raise StoreUnavailable("a blob cannot be read: no such device")
        return await super().get(org, ref)


def unsteady_store(parts: StoreParts) -> Any:
    return sql_store(
        StoreParts(
            url=parts.url,
            data_dir=parts.data_dir,
            vault=parts.vault,
            blobs=Unsteady(parts.data_dir / "blobs", grace_seconds=0),
            clock=parts.clock,
            owner=parts.owner,
        )
    )


@pytest.fixture
async def scene(tmp_path: Path, clock: ManualClock) -> AsyncIterator[StoreScene]:
    made = StoreScene(unsteady_store, lambda _: None, tmp_path / "data", clock)
    await made.start()
    Unsteady.down, Unsteady.reads = True, 0
    yield made
    Unsteady.down = False
    await made.stop()


async def kept(scene: StoreScene, request: Id) -> int:
    return len(await scene.store.executions.of_request(scene.org, request))


async def test_a_batch_that_cannot_be_written_to_its_end_is_accepted(scene: StoreScene) -> None:
    """Its sender is answered what is expected of it, and it is written as soon as that is possible."""
    store: Any = scene.store
    batch = scene.acceptance(*KEYS)

    accepted = await scene.store.inbound.accept(batch)

    assert (accepted.duplicate, len(accepted.executions)) == (False, len(KEYS))
    assert 0 < await kept(scene, batch.request.id) < len(KEYS)
    await store.inbound.groups.resume()
    assert await kept(scene, batch.request.id) < len(KEYS), "it still cannot be written"
    Unsteady.down = False
    await store.inbound.groups.resume()
    started = await scene.store.executions.of_request(scene.org, batch.request.id)
    assert tuple(one.id for one in started) == accepted.executions
    assert (await scene.store.inbound.accept(scene.acceptance(*KEYS))).duplicate


async def test_what_is_not_written_is_neither_removed_nor_forgotten(scene: StoreScene) -> None:
    """Not by retention, however old it is, nor by the sweep of blobs, to some of which only its rows refer."""
    body = "x" * 200_000
    large = scene.acceptance(*KEYS)
    last = replace(large.events[-1], record=replace(large.events[-1].record, data=body))

    await scene.store.inbound.accept(replace(large, events=(*large.events[:-1], last)))

    scene.clock.advance(86_400)
    assert (await scene.store.retention.sweep(limit=10_000)).blobs == 0
    await scene.store.retention.prune("requests", scene.clock.now())
    Unsteady.down = False
    await scene.restart()
    assert await kept(scene, large.request.id) == len(KEYS)
    assert (await scene.store.inbound.event(scene.org, last.record.id)).data == body
    assert (await scene.store.retention.sweep(limit=10_000)).blobs == 4, "the groups that are written now"
    assert (await scene.store.inbound.event(scene.org, last.record.id)).data == body
