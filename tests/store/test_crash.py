"""What was answered survives `kill -9`; what is half written is not there."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.store.conftest import OpenStore

_CHILD = """
import asyncio, sys
from pathlib import Path
from hub.model.stored.execution import ExecutionChange, Lease, NewExecution, NodeRecord
from hub.model.ids import new_id
from hub.model.stored.inbound import Acceptance, EventRecord, NewEvent, RequestRecord
from hub.model.stored.source import SourceSpec
from hub.ports.clock import SystemClock
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault

async def caller(store, workflow, source, number):
    org, clock, turn = source.org, SystemClock(), 0
    while True:
        turn += 1
        now, request, event, execution = clock.now(), new_id(), new_id(), new_id()
        body = b"x" * (70_000 if turn % 7 == 0 else 100)
        record = RequestRecord(org, request, source.id, now, "POST", "/", (), body, len(body), "d", "c", "tracecat",
                               "accepted", "accept")
        events = (
            NewEvent(
                EventRecord(org, event, source.id, request, "t", f"{number}-{turn}", None, None, now, {"n": turn}),
                (NewExecution(org, execution, workflow.id, 1, "webhook", {}, now, lease=Lease("child", now + 10**9)),),
            ),
        )
        await store.inbound.accept(Acceptance(record, source.generation, events))
        sys.stdout.write(f"accepted {request.hex()} {execution.hex()}\\n")
        await store.executions.journal(org, execution, 1, [NodeRecord("a", "succeeded", output=turn)],
                                       ExecutionChange(state="succeeded", finished=now))
        sys.stdout.write(f"finished {request.hex()} {execution.hex()}\\n")
        sys.stdout.flush()

async def main(directory):
    store = SqlStore(None, directory, vault=Vault(directory / "keys"), blobs=DirectoryBlobs(directory / "blobs"),
                     clock=SystemClock(), owner="child")
    await store.start()
    org = store.snapshot.org_named("default").id
    workflow = await store.workflows.create(org, "w", {}, source=SourceSpec(), secrets=[], publish=True)
    source = store.snapshot.sources[workflow.source]
    await asyncio.gather(*(caller(store, workflow, source, number) for number in range(8)))

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("lines", [1, 150])
async def test_what_was_answered_before_a_kill_is_there_afterwards(
    open_store: OpenStore, tmp_path: Path, lines: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CHILD, str(tmp_path / "data"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said = [await process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    # the last line may be cut off by the kill
    answers = [line.split() for line in said if line.endswith(b"\n") and len(line.split()) == 3]
    assert len(answers) >= lines

    async with open_store("after") as store:
        org = next(iter(store.snapshot.orgs))
        for word, request, execution in answers:
            kept = await store.inbound.request(org, bytes.fromhex(request.decode()))
            assert kept.body is not None
            assert len(kept.body) == kept.size
            record = await store.executions.get(org, bytes.fromhex(execution.decode()))
            if word == b"finished":
                assert record.state == "succeeded"
                assert len(await store.executions.nodes(org, record.id)) == 1

    connection = sqlite3.connect(tmp_path / "data" / "hub.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        halves = "SELECT count(*) FROM {} WHERE NOT EXISTS (SELECT 1 FROM {} o WHERE o.id = {})"
        for table, other, column in (
            ("events e", "requests", "e.request"),
            ("event_keys k", "events", "k.event"),
            ("event_keys k", "executions", "k.executions"),
        ):
            assert connection.execute(halves.format(table, other, column)).fetchone() == (0,), table
    finally:
        connection.close()
