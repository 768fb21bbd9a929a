"""A process that has ended is known to be gone; one that lives, or that runs elsewhere, never is."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from hub.engine.work.presence import Presence
from tests.engine.conftest import OpenRig

LIVE = """
import sys
from pathlib import Path
from hub.engine.work.presence import Presence
Presence(Path(sys.argv[1]), "other").enter()
print("here", flush=True)
sys.stdin.read()
"""


async def test_a_process_counts_as_dead_once_it_was_killed_and_until_it_is_buried(tmp_path: Path) -> None:
    mine = Presence(tmp_path, "mine")
    mine.enter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LIVE, str(tmp_path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"here\n"
    assert mine.dead() == ()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert mine.dead() == ("other",)
    mine.bury("other")
    assert mine.dead() == ()
    mine.leave()


def test_a_process_that_leaves_in_good_order_is_not_mourned(tmp_path: Path) -> None:
    mine, other = Presence(tmp_path, "mine"), Presence(tmp_path, "other")
    mine.enter()
    other.enter()
    other.leave()
    assert mine.dead() == ()
    mine.leave()
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_has_not_entered_takes_none_for_dead(tmp_path: Path) -> None:
    other = Presence(tmp_path, "other")
    other.enter()
    assert Presence(tmp_path, "mine").dead() == ()
    other.leave()


async def test_the_work_of_a_process_that_is_gone_is_taken_over_before_its_leases_end(
    open_rig: OpenRig, tmp_path: Path
) -> None:
    directory = tmp_path / "processes"
    async with open_rig("one") as rig:
        flow = await rig.workflow({"id": "a", "with": {"hold": True, "name": "n"}})
        execution = await rig.begin(flow)
        await rig.probe.begun("n")
        (directory).mkdir()
        (directory / "one").touch()  # what a killed process leaves behind
        async with open_rig("two", presence=Presence(directory, "two")) as other:
            await rig.until_calls(2)
            rig.probe.let("n")
            assert (await other.end(execution)).state == "succeeded"
            assert (await other.journal(execution))["a", -1].crashes == 1
        assert list(directory.iterdir()) == []
