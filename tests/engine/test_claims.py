"""Claiming goes on, whatever is wrong with one execution."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any


async def test_an_execution_whose_blob_is_gone_does_not_end_the_claiming(rig: Any, tmp_path: Path) -> None:
    flow = await rig.workflow({"id": "a", "with": {"output": 1}})
    await rig.queue(flow, "x" * 400_000)
    shutil.rmtree(tmp_path / "data" / "blobs")
    rig.engine.wake()
    while await rig.store.executions.next_due() == 0:
        await rig.turn()
    sound = await rig.queue(flow)
    wait = asyncio.ensure_future(rig.end(sound))
    while not wait.done():
        rig.engine.wake()
        rig.clock.advance(1)
        await rig.turn()
    assert (await wait).state == "succeeded"
