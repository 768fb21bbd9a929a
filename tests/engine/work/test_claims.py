"""Claiming goes on, whatever is wrong with one execution."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hub.model.ids import Id
from tests.engine.conftest import Rig


async def row(rig: Rig, execution: Id) -> tuple[Any, ...]:
    """State, error and owner as they are in the database."""
    query = text("SELECT state, error, owner FROM executions WHERE id = :id").bindparams(id=execution)
    [found] = await rig.store.resources.database.rows(query)
    return tuple(found)


async def test_an_execution_whose_blob_is_gone_fails_and_the_others_run(rig: Rig, tmp_path: Path) -> None:
    flow = await rig.workflow({"id": "a", "with": {"output": 1}})
    lost = await rig.queue(flow, "x" * 400_000)
    sound = await rig.queue(flow)
    shutil.rmtree(tmp_path / "data" / "blobs")
    rig.engine.wake()
    assert (await rig.end(sound)).state == "succeeded"
    assert await row(rig, lost) == ("failed", "a value of the execution is missing from the blob store", None)
    await rig.idle()


async def test_a_blob_that_the_disk_refuses_is_read_later(rig: Rig, tmp_path: Path) -> None:
    flow = await rig.workflow({"id": "a", "with": {"output": 1}})
    execution = await rig.queue(flow, "x" * 400_000)
    [blob] = [one for one in (tmp_path / "data" / "blobs").rglob("*") if one.is_file()]
    kept = blob.rename(tmp_path / "kept")
    blob.symlink_to(blob.name)  # a loop: reading it is an OSError other than that it is not there
    rig.engine.wake()
    sound = await rig.queue(flow)
    while (await row(rig, execution))[0] != "running":
        await rig.let_others_run()
    kept.replace(blob)  # in one step: a reader never finds it missing
    ends = [asyncio.ensure_future(rig.end(one)) for one in (execution, sound)]
    while not all(end.done() for end in ends):
        rig.clock.advance(1)
        await rig.let_others_run()
    assert {(await end).state for end in ends} == {"succeeded"}
