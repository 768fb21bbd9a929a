"""A process that starts hub engines as processes of their own, quickly: everything is imported once, then forked.

Reads `OWNER` lines from its standard input and answers each with the process id of an engine over the data directory.
Arguments: data directory, URL that `post` calls, lease in seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

import hub
from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.engine.embedded import EmbeddedEngine
from hub.engine.work.presence import Presence
from hub.errors import ActionFailed
from hub.plugins.host import Plugins
from hub.ports.clock import SystemClock
from hub.sdk.action import Action, ActionContext
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.workflows.actions import CORE_ACTIONS


class PostInput(BaseModel):
    body: Any = None


def posting(url: str, owner: str) -> Action:
    """An action with an effect outside, of which that server keeps count."""

    async def post(settings: PostInput, context: ActionContext) -> Any:
        answer = await context.request("POST", url, headers={"X-Owner": owner}, json={"body": settings.body})
        if answer.status != 200:
            raise ActionFailed(f"status {answer.status}")
        return answer.json()

    return Action(name="test.post", input=PostInput, run=post)


async def serve(data: Path, url: str, lease: float, owner: str, alive: int) -> None:
    """An engine until somebody ends this process, or the one that holds the other end of the pipe `alive`."""
    asyncio.get_running_loop().add_reader(alive, os._exit, 1)
    clock = SystemClock()
    store = SqlStore(
        None,
        data,
        vault=Vault(data / "keys"),
        blobs=DirectoryBlobs(data / "blobs"),
        clock=clock,
        owner=owner,
    )
    plugins = Plugins(version=hub.__version__, entry_points=(), actions=(*CORE_ACTIONS.values(), posting(url, owner)))
    plugins.load()
    egress = Egress(Guard([ip_network("127.0.0.0/8")]), user_agent="test")
    await store.start()
    await egress.start()
    engine: Any = EmbeddedEngine(
        store=store,
        plugins=plugins,
        egress=egress,
        outbound=SimpleNamespace(),  # nothing is published here
        clock=clock,
        owner=owner,
        slots=8,
        lease_seconds=lease,
        presence=Presence(data / "processes", owner),
    )
    await engine.start_running()
    await asyncio.Event().wait()


def main() -> None:
    """Fork an engine for each line."""
    data, url, lease = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    alive, end = os.pipe()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            os.dup2(2, 1)  # the log
            os.close(end)
            try:
                asyncio.run(serve(data, url, lease, line.strip(), alive))
            finally:
                os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
