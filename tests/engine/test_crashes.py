"""Processes that are killed: what they were doing is done by the next one, and nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub.model.ids import Id, new_id, write_id
from hub.model.stored.execution import NewExecution
from hub.model.stored.source import SourceSpec
from hub.model.stored.workflow import WorkflowRecord
from hub.ports.clock import SystemClock
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault

LEASE = 5.0
"""Seconds; long enough that no process loses one on a busy machine, and only what was killed is taken over."""
PATIENCE = 60.0
"""Seconds after which what a test waits for will not come any more."""

POST = {"action": "test.post", "with": {"body": "{{ TRIGGER }}"}}
TEN_NODES: list[dict[str, Any]] = [
    {"id": "n0", "action": "transform", "with": {"value": "{{ TRIGGER }}"}},
    {"id": "n1", "needs": ["n0"]} | POST,
    {"id": "n2", "needs": ["n1"]} | POST,
    {"id": "n3", "needs": ["n1"]} | POST,
    {"id": "n4", "needs": ["n2", "n3"], "action": "transform", "with": {"value": "{{ nodes.n2.output }}"}},
    {"id": "n5", "needs": ["n4"], "for_each": "{{ range(3) }}"} | POST,
    {"id": "n6", "needs": ["n5"], "action": "sleep", "with": {"seconds": 0.05}},
    {"id": "n7", "needs": ["n6"]} | POST,
    {"id": "n8", "needs": ["n7"]} | POST,
    {"id": "n9", "needs": ["n8"]} | POST,
]
EFFECTS = ("n1", "n2", "n3", "n5/0", "n5/1", "n5/2", "n7", "n8", "n9")


class Outside:
    """A server that does each thing once, by Idempotency-Key, and remembers who asked when."""

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        self.asked: list[tuple[str, str]] = []
        self.heard = asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        self.asked.append((key, request.headers["X-Owner"]))
        self.heard.set()
        if key not in self.effects:
            self.effects[key] += 1
        await asyncio.wait([asyncio.ensure_future(request.read())])
        return web.json_response({"done": key})

    async def hits(self, count: int) -> None:
        """Return once so many requests have come in all."""
        async with asyncio.timeout(PATIENCE):
            while len(self.asked) < count:
                self.heard.clear()
                await self.heard.wait()


class Engines:
    """Engines in processes of their own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._count = 0
        self.alive: list[int] = []

    async def start(self) -> int:
        """The process id of another engine."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._count += 1
        self._process.stdin.write(b"owner-%d\n" % self._count)
        pid = int(await self._process.stdout.readline())
        self.alive.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        """As a power cut would."""
        os.kill(pid, signal.SIGKILL)
        self.alive.remove(pid)


Scene = tuple[SqlStore, Outside, Engines]
OpenScene = Callable[[], AbstractAsyncContextManager[Scene]]


@pytest.fixture
def open_scene(tmp_path: Path) -> OpenScene:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Scene]:
        outside = Outside()
        app = web.Application()
        app.router.add_post("/", outside.handle)
        server = web.AppRunner(app, access_log=None)
        await server.setup()
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        outside.url = f"http://127.0.0.1:{server.addresses[0][1]}/"
        data = tmp_path / "data"
        store = SqlStore(
            None,
            data,
            vault=Vault(data / "keys"),
            blobs=DirectoryBlobs(data / "blobs"),
            clock=SystemClock(),
            owner="test",
        )
        await store.start()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("runner.py")),
            str(data),
            outside.url,
            str(LEASE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        engines = Engines(process)
        try:
            yield store, outside, engines
        finally:
            for pid in list(engines.alive):
                engines.kill(pid)
            process.kill()
            await process.wait()
            await store.stop()
            await server.cleanup()

    return opened


async def publish(store: SqlStore) -> WorkflowRecord:
    org = store.snapshot.org_named("default")
    assert org is not None
    return await store.workflows.create(
        org.id, "ten", {"nodes": TEN_NODES}, source=SourceSpec(), secrets=[], publish=True
    )


async def queue(store: SqlStore, workflow: WorkflowRecord, count: int) -> list[Id]:
    """Executions for whoever claims them."""
    executions = [
        NewExecution(
            org=workflow.org,
            id=new_id(),
            workflow=workflow.id,
            version=1,
            kind="manual",
            trigger={"data": index},
            created=SystemClock().now(),
        )
        for index in range(count)
    ]
    await store.executions.create(executions)
    return [execution.id for execution in executions]


async def finished(store: SqlStore, org: Id, executions: list[Id]) -> None:
    """Return once all have finished; each has to succeed."""
    until = asyncio.get_running_loop().time() + PATIENCE
    for execution in executions:
        while (record := await store.executions.get(org, execution)).state not in ("succeeded", "failed"):
            await asyncio.sleep(0.01)  # another process works on it: there is no event here to wait for
            assert asyncio.get_running_loop().time() < until, record
        assert record.state == "succeeded", record.error


async def done_nodes(store: SqlStore, org: Id, executions: list[Id]) -> set[str]:
    """Idempotency keys of what the journal calls finished."""
    done = set()
    for execution in executions:
        for node in await store.executions.nodes(org, execution):
            if node.state == "succeeded":
                key = f"{write_id('exec', execution)}/{node.node}"
                done.add(key if node.item < 0 else f"{key}/{node.item}")
    return done


async def survive(open_scene: OpenScene, kills: int) -> None:
    """Kill the engine so many times at random moments of a ten-node workflow, a fresh execution each time."""
    chance = random.Random()
    async with open_scene() as (store, outside, engines):
        workflow = await publish(store)
        executions: list[Id] = []
        done: list[tuple[int, set[str]]] = []
        for _ in range(kills):
            pid = await engines.start()
            await finished(store, workflow.org, executions[:-1])  # so that nobody is killed three times in one node
            executions += await queue(store, workflow, 1)
            await outside.hits(len(outside.asked) + chance.randint(1, 9))
            await asyncio.sleep(chance.random() * 0.02)  # the moment is what this test is about
            engines.kill(pid)
            done.append((len(outside.asked), await done_nodes(store, workflow.org, executions[-2:])))
        await engines.start()
        await finished(store, workflow.org, executions)
        for position, keys in done:
            assert not [key for key, _ in outside.asked[position:] if key in keys], "a finished node ran twice"
        assert sum(len(keys) for _, keys in done) > kills, "it was killed in the middle"
        expected = {f"{write_id('exec', one)}/{name}" for one in executions for name in EFFECTS}
        assert set(outside.effects) == expected
        assert set(outside.effects.values()) == {1}


async def test_killed_twenty_times_each_execution_finishes_and_each_effect_happens_once(open_scene: OpenScene) -> None:
    await survive(open_scene, 20)


@pytest.mark.soak
async def test_killed_two_hundred_times_each_execution_finishes_and_each_effect_happens_once(
    open_scene: OpenScene,
) -> None:
    await survive(open_scene, 200)


async def test_of_two_processes_each_execution_runs_in_one_and_moves_when_that_is_killed(open_scene: OpenScene) -> None:
    async with open_scene() as (store, outside, engines):
        workflow = await publish(store)
        first, _second = await engines.start(), await engines.start()
        calm = await queue(store, workflow, 30)
        await finished(store, workflow.org, calm)
        owners: dict[tuple[str, bool], set[str]] = {}
        for key, owner in outside.asked:
            execution, node, *_ = key.split("/")
            owners.setdefault((execution, node > "n6"), set()).add(owner)  # who slept in n6 may wake up elsewhere
        assert {len(found) for found in owners.values()} == {1}, "an execution ran in both"
        assert {owner for _, owner in outside.asked} == {"owner-1", "owner-2"}
        rest = await queue(store, workflow, 30)
        await outside.hits(len(outside.asked) + 40)
        engines.kill(first)
        await finished(store, workflow.org, rest)
        assert set(outside.effects.values()) == {1}
        assert len(outside.effects) == 60 * len(EFFECTS)
