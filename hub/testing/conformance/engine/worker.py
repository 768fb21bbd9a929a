"""The program of `Processes`: imports everything once, then forks a process with an engine for each line that it reads.

A line holds the owner and the lease in seconds; the process that answers it tells its process id once its engine runs.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hub.errors import ActionFailed
from hub.model.json import loads
from hub.ports.clock import SystemClock
from hub.sdk.action import Action, ActionContext
from hub.testing.conformance.engine.scene import EngineScene
from hub.testing.conformance.process import found_at

__all__ = ["main"]


class PostInput(BaseModel):
    """Settings of `world.post`."""

    data: Any = None


def posting(url: str, owner: str) -> Action:
    """The action `world.post`: an effect outside of all processes of the test, which counts it."""

    async def post(settings: PostInput, context: ActionContext) -> Any:
        answer = await context.request("POST", url, headers={"X-Owner": owner}, json={"data": settings.data})
        if answer.status != 200:
            raise ActionFailed(f"status {answer.status}")
        return answer.json()

    return Action(name="world.post", input=PostInput, run=post, summary="An effect outside")


def main(order: Mapping[str, Any]) -> None:
    """Do what `Processes` ordered."""
    test = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the processes log
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets those that were killed
    alive, held = os.pipe()
    for line in sys.stdin:
        owner, lease_seconds = line.split()
        if os.fork() == 0:
            os.close(held)
            try:
                asyncio.run(_serve(order, owner, float(lease_seconds), alive, test))
            finally:
                os._exit(1)


async def _serve(order: Mapping[str, Any], owner: str, lease_seconds: float, alive: int, test: int) -> None:
    """Run an engine until it is killed, or the process that holds the other end of the pipe `alive`.

    The test reads the process id from `test`.
    """
    asyncio.get_running_loop().add_reader(alive, os._exit, 1)
    scene = EngineScene(
        found_at(order["factory"]),
        found_at(order["store"]),
        lambda _: order["url"],
        Path(order["folder"]),
        SystemClock(),
        pass_time=_real_time,
    )
    scene.actions = (posting(order["world"], owner),)
    await scene.start(owner, lease_seconds=lease_seconds)
    os.write(test, f"{os.getpid()}\n".encode())
    await asyncio.Event().wait()


async def _real_time(_clock: object, seconds: float) -> None:
    await asyncio.sleep(seconds)


if __name__ == "__main__":
    main(loads(sys.argv[1]))
