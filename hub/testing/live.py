"""A real hub for tests: in this process over a real socket, or in a separate process that can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from hypercorn.asyncio import serve

from hub.app import Hub, create_hub
from hub.model.ids import read_id
from hub.model.json import dumps, loads
from hub.model.stored.access import DEFAULT_ORG
from hub.model.times import SECOND
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.server import listen, server_config
from hub.settings import Settings

__all__ = ["ADMIN_KEY", "HubProcess", "HubResponse", "LiveHub", "live_hub"]

_NOT_INHERITED = frozenset({"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"})
"""Variables that would make each start slow. A process that is killed leaves no coverage behind anyway."""

ADMIN_KEY = "test-admin-key-" + "0" * 32
"""The admin key of the hubs that are started here."""


@dataclass(frozen=True)
class HubResponse:
    """The hub's answer to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is not JSON."""
        return loads(self.body)


class _Caller:
    """Calls a hub at `url`."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> HubResponse:
        """Send any request with exactly these bytes; `path` may be a whole URL."""
        url = path if path.startswith("http") else self.url + path
        async with self.session.request(
            method, url, data=body or None, headers=headers, allow_redirects=False, skip_auto_headers={"Content-Type"}
        ) as response:
            return HubResponse(response.status, response.headers, await response.read())

    async def post(self, path: str, value: Any, *, headers: Mapping[str, str] | None = None) -> HubResponse:
        """POST a JSON value as a sender would."""
        return await self.send(
            "POST", path, dumps(value), headers={"Content-Type": "application/json", **(headers or {})}
        )

    async def api(
        self,
        method: str,
        path: str,
        value: Any = None,
        *,
        key: str = ADMIN_KEY,
        headers: Mapping[str, str] | None = None,
    ) -> HubResponse:
        """A management call with the admin key."""
        sent = {"Authorization": f"Bearer {key}", **(headers or {})}
        return await self.send(method, path, b"" if value is None else dumps(value), headers=sent)

    async def workflow(self, nodes: Sequence[Mapping[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
        """Create a published workflow; without nodes, one whose output is its trigger."""
        if nodes is None:
            nodes = [{"id": "echo", "action": "transform", "with": {"value": "{{ TRIGGER }}"}}]
        answer = await self.api("POST", "/api/workflows", {"name": "test", "nodes": nodes, **fields})
        if answer.status != 201:
            raise AssertionError(answer.body.decode())
        created: dict[str, Any] = answer.json()
        return created

    async def execution(self, execution: str) -> dict[str, Any]:
        """Get an execution by its id (`exec_…`, `exec-…` or `wf_…/exec_…`)."""
        written = execution.rpartition("/")[2].replace("exec-", "exec_")
        answer = await self.api("GET", f"/api/executions/{written}")
        if answer.status != 200:
            raise AssertionError(answer.body.decode())
        found: dict[str, Any] = answer.json()
        return found


class LiveHub(_Caller):
    """A hub in this process; `services` are its parts."""

    def __init__(self, url: str, session: aiohttp.ClientSession, hub: Hub) -> None:
        super().__init__(url, session)
        self.hub = hub
        self.services = hub.services

    async def finished(self, execution: str, seconds: float = 10.0) -> dict[str, Any]:
        """The execution once it has finished.

        Raises:
            AssertionError: It did not within `seconds`.
        """
        record = await self.execution(execution)
        raw = read_id("exec", record["id"]) or b""
        org = self.services.store.snapshot.org_named(DEFAULT_ORG)
        if org is None:
            raise AssertionError("no default org")
        deadline = self.services.clock.now() + int(seconds * SECOND)
        if await self.services.engine.wait(org.id, raw, deadline) is None:
            raise AssertionError(f"{execution} has not finished after {seconds} s")
        return await self.execution(execution)


@asynccontextmanager
async def live_hub(
    data_dir: Path, *, clock: Clock | None = None, plugins: Plugins | None = None, **settings: Any
) -> AsyncIterator[LiveHub]:
    """Serve a hub on a free loopback port until the block ends.

    Args:
        data_dir: Directory of its database.
        clock: A clock to use instead of the machine's.
        plugins: Plugins to use instead of the installed ones.
        settings: Fields of `hub.settings.Settings`.
    """
    listener = listen("127.0.0.1", 0)
    values = {"admin_key": ADMIN_KEY, "data_dir": data_dir, "port": listener.getsockname()[1], **settings}
    try:
        made = Settings(**values)
        hub = create_hub(made, clock=clock, plugins=plugins)
    except BaseException:
        listener.close()
        raise
    ready, stop = asyncio.Event(), asyncio.Event()

    @hub.app.before_serving
    async def _ready() -> None:
        ready.set()

    server = asyncio.create_task(serve(hub.app, server_config(made, listener), shutdown_trigger=stop.wait, mode="asgi"))
    started = asyncio.create_task(ready.wait())
    await asyncio.wait({server, started}, return_when=asyncio.FIRST_COMPLETED)
    started.cancel()
    if server.done():
        server.result()
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            yield LiveHub(f"http://127.0.0.1:{made.port}", session, hub)
    finally:
        stop.set()
        await server


class HubProcess(_Caller):
    """`hub serve` in a separate process, to be killed and started again on the same data."""

    def __init__(self, data_dir: Path, session: aiohttp.ClientSession, **environment: str) -> None:
        probe = listen("127.0.0.1", 0)
        self.port = probe.getsockname()[1]
        probe.close()
        super().__init__(f"http://127.0.0.1:{self.port}", session)
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        self._environment = {
            **inherited,
            "HUB_DATA_DIR": str(data_dir),
            "HUB_PORT": str(self.port),
            "HUB_ADMIN_KEY": ADMIN_KEY,
            "HUB_LOG_LEVEL": "error",
            **environment,
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and return once it listens. Raises AssertionError if it ends instead."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", "serve", env=self._environment, stdout=asyncio.subprocess.PIPE
        )
        stdout = self._process.stdout
        if stdout is None:
            raise AssertionError
        line = await asyncio.wait_for(stdout.readline(), 60)
        if b"listens" not in line:
            raise AssertionError(f"the hub did not start: {line!r}")

    @property
    def pid(self) -> int:
        """Its process id. Raises AssertionError if it is not running."""
        if self._process is None:
            raise AssertionError("the hub is not running")
        return self._process.pid

    async def kill(self) -> None:
        """Kill it (SIGKILL), with no chance to clean up."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Stop it gracefully (SIGTERM); returns the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        self._process = None
        if process.returncode is None:
            process.send_signal(how)
        await process.communicate()
        return process.returncode or 0
