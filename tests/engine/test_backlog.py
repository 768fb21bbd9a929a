"""A backlog is worked off in order, with as much memory as the slots need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.conftest import Rig


def resident() -> int:
    """Bytes of memory that this process holds (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def work_off(rig: Rig, count: int) -> int:
    """Queue so many executions, run them all, and say by how many bytes memory grew at most."""
    flow = await rig.workflow(
        {"id": "a", "action": "transform", "with": {"value": "{{ TRIGGER }}"}},
        {"id": "b", "needs": ["a"], "action": "transform", "with": {"value": "{{ nodes.a.output }}"}},
    )
    ids = []
    for start in range(0, count, 500):
        batch = [rig.execution(flow, {"text": "x" * 1000, "n": start + index}) for index in range(min(500, count))]
        await rig.store.executions.create(batch)
        ids += [execution.id for execution in batch]
    before = peak = resident()
    rig.engine.wake()
    for number, execution in enumerate(ids):
        assert (await rig.end(execution)).state == "succeeded"
        if number % 100 == 0:
            peak = max(peak, resident())
    while rig.used():
        await rig.let_others_run()
    return peak - before


async def test_a_thousand_queued_executions_need_little_memory(rig: Rig) -> None:
    assert await work_off(rig, 1_000) < 30_000_000


@pytest.mark.soak
async def test_ten_thousand_queued_executions_need_little_memory(rig: Rig) -> None:
    assert await work_off(rig, 10_000) < 100_000_000
