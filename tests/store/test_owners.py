"""The work of a process that was killed is taken over at once; that of a living one is left alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hub.store.owners import Owners

if TYPE_CHECKING:
    from conftest import OpenStore, Scene

    from hub.testing.clock import ManualClock

_CHILD = """
import sys
from pathlib import Path
from hub.store.owners import Owners
owners = Owners(Path(sys.argv[1]), "child")
owners.enter()
print("entered", flush=True)
sys.stdin.read()
"""


def _child(directory: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"entered\n"
    return process


def test_living_processes_are_not_found_dead_and_killed_ones_are(tmp_path: Path) -> None:
    with _child(tmp_path) as process:
        one = Owners(tmp_path, "one")
        assert one.enter() == ()
        process.send_signal(signal.SIGKILL)
    two = Owners(tmp_path, "two")
    assert two.enter() == ("child",)
    two.bury(("child",))
    assert Owners(tmp_path, "three").enter() == ()
    one.leave()
    two.leave()


def test_who_leaves_is_not_found_dead(tmp_path: Path) -> None:
    one = Owners(tmp_path, "one")
    one.enter()
    one.leave()
    one.leave()
    two = Owners(tmp_path, "two")
    assert two.enter() == ()
    two.leave()


async def test_leases_of_a_killed_process_end_when_a_store_starts(
    scene: Scene, open_store: OpenStore, clock: ManualClock, tmp_path: Path
) -> None:
    dead = scene.acceptance("a", lease=scene.lease("ghost"))
    await scene.store.inbound.accept(dead)
    alive = scene.acceptance("b", lease=scene.lease("one"))
    await scene.store.inbound.accept(alive)
    (tmp_path / "data" / "owners" / "ghost.lock").touch()
    async with open_store("two") as second:
        won = await second.executions.claim("two", clock.now() + 60_000_000, clock.now(), 10)
    assert [one.record.id for one in won] == [dead.events[0].executions[0].id]
    assert won[0].record.crashes == 1
