"""Tries that end in an unusual way fail their node, and nothing else."""

from __future__ import annotations

import pytest

from tests.engine.conftest import LEAVES, Rig
from tests.narrowing import present


@pytest.mark.parametrize("action", ["probe.leave", "probe.leave-pure"])
@pytest.mark.parametrize("how", LEAVES)
async def test_an_action_that_raises_what_is_no_exception_fails_its_node(rig: Rig, action: str, how: str) -> None:
    record = await rig.run(await rig.workflow({"id": "a", "action": action, "with": {"name": how}}))
    assert (record.state, present(record.error).node) == ("failed", "a")
    assert "plugin probe: " in present(record.error).message
    await rig.idle()


async def test_an_action_that_cancels_its_own_task_fails_its_node(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "action": "probe.leave", "with": {"name": "cancel"}})
    record = await rig.run(flow)
    assert (record.state, present(record.error).message) == ("failed", "the action cancelled the task it ran in")
    await rig.idle()
