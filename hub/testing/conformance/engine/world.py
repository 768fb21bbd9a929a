"""Engines in processes of their own, and the world in which their effects happen."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from aiohttp import web

from hub.ports.clock import SystemClock
from hub.testing.conformance.engine.scene import EngineScene
from hub.testing.conformance.process import OtherProcess, place_of

__all__ = ["EngineProcess", "Processes", "World", "processes"]


class World:
    """A server that the action `world.post` calls: counts each request by idempotency key, and may hold the answer.

    Attributes:
        requests: Idempotency key and owner of each request, in order.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.url = ""
        self._holding: set[str] = set()
        self._let: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._changed = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        """Count a request and answer it with its key."""
        key = request.headers["Idempotency-Key"]
        node = key.partition("/")[2]
        async with self._changed:
            self.requests.append((key, request.headers["X-Owner"]))
            self._changed.notify_all()
        if node in self._holding:
            await self._let[node].wait()
        return web.json_response({"done": node})

    def hold(self, node: str) -> None:
        """Answer requests of that node (`node`, `node/item`) only after `let`."""
        self._holding.add(node)

    def let(self, node: str) -> None:
        """Answer the requests of that node, those held and those to come."""
        self._holding.discard(node)
        self._let.pop(node, asyncio.Event()).set()

    def let_all(self) -> None:
        """Answer all requests that are held: the server does not close before they are answered."""
        for node in tuple(self._holding):
            self.let(node)

    async def asked(self, node: str, times: int = 1) -> None:
        """Return once so many requests of that node have come in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.times()[node] >= times)

    async def asked_in_all(self, times: int) -> None:
        """Return once so many requests have come, of any node."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.requests) >= times)

    async def asked_by(self, owners: int) -> None:
        """Return once requests have come from so many processes."""
        async with self._changed:
            await self._changed.wait_for(lambda: len({owner for _, owner in self.requests}) >= owners)

    def times(self) -> Counter[str]:
        """How many requests there were, by node."""
        return Counter(key.partition("/")[2] for key, _ in self.requests)


@dataclass(frozen=True)
class EngineProcess:
    """A process in which an engine runs.

    Attributes:
        pid: Its process id.
    """

    pid: int

    async def kill(self) -> None:
        """End it with SIGKILL, as a power cut would; returns once it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        while _exists(self.pid):  # noqa: ASYNC110 - nothing tells of the end of a process that is no child of this one
            await asyncio.sleep(0.002)

    def freeze(self) -> None:
        """Let it hang: SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on: SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Processes:
    """Starts engines in processes of their own; those still alive at the end of the test are killed.

    Attributes:
        scene: A scene over the same database, in real time, without an engine of its own.
        world: Where effects happen.
    """

    def __init__(self, scene: EngineScene, world: World, launcher: OtherProcess) -> None:
        self.scene = scene
        self.world = world
        self._launcher = launcher
        self._numbers = count(1)

    async def start(self, lease_seconds: float = 3.0) -> EngineProcess:
        """Another process, whose engine runs."""
        await self._launcher.ask(f"process-{next(self._numbers)}", str(lease_seconds))
        [pid] = await self._launcher.hear()
        return EngineProcess(int(pid))


@asynccontextmanager
async def processes(scene: EngineScene) -> AsyncIterator[Processes]:
    """Processes over a database of their own beside that of `scene`, in real time."""

    async def real_time(_clock: object, seconds: float) -> None:
        await asyncio.sleep(seconds)

    folder = scene.folder / "processes-test"
    folder.mkdir(parents=True)
    world = World()
    real = EngineScene(scene.factory, scene.store_factory, scene.url, folder, SystemClock(), pass_time=real_time)
    async with AsyncExitStack() as stack:
        app = web.Application()
        app.router.add_post("/", world.handle)
        server = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await server.setup()
        stack.push_async_callback(server.cleanup)
        await web.TCPSite(server, "127.0.0.1", 0).start()
        world.url = f"http://127.0.0.1:{_port(server.addresses[0])}/"
        launcher = OtherProcess("hub.testing.conformance.engine.worker")
        await launcher.launch(
            {
                "factory": place_of(scene.factory),
                "store": place_of(scene.store_factory),
                "url": scene.url(folder),
                "folder": str(folder),
                "world": world.url,
            }
        )
        stack.push_async_callback(launcher.kill)
        await real.open_store()
        stack.push_async_callback(real.stop)
        stack.callback(world.let_all)
        yield Processes(real, world, launcher)


def _port(address: Any) -> int:
    return int(address[1])
