"""How much the store accepts: `python tests/bench/bench_store.py [--callers 32] [--seconds 5] [--profile]`.

Each caller accepts a request with one event and one execution that is born with a lease, and then journals one node and
the end of the execution; printed are such pairs per second, and latencies in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import hashlib
import pstats
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from hub.model.ids import Id, new_id
from hub.model.stored.execution import ExecutionChange, Lease, NewExecution, NodeRecord
from hub.model.stored.inbound import Acceptance, EventRecord, NewEvent, RequestRecord
from hub.model.stored.source import SourceRecord, SourceSpec, StoredSecret
from hub.ports.clock import SystemClock
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault

_BODY = b'{"id":12345,"type":"incident.created","title":"disk is full","host":"db-7.example","tags":["a","b"],"n":10}'
_DATA = {"id": 12345, "type": "incident.created", "title": "disk is full", "host": "db-7.example", "tags": ["a", "b"]}
_HEADERS = (
    ("host", "hub.example"), ("content-type", "application/json"), ("user-agent", "bench/1"), ("accept", "*/*"),
)  # fmt: skip


def acceptance(source: SourceRecord, workflow: Id, now: int, *, key: str | None) -> Acceptance:
    """What the pipeline hands over for one small request."""
    org, request, event = source.org, new_id(), new_id()
    trigger = {"data": _DATA, "headers": dict(_HEADERS), "query": {}, "type": "incident.created"}
    return Acceptance(
        RequestRecord(
            org, request, source.id, now, "POST", "/webhooks/wf_x/fp_y", _HEADERS, _BODY, len(_BODY),
            hashlib.sha256(_BODY).hexdigest(), "127.0.0.1", "tracecat", "accepted", "accept", status=200,
        ),
        source.generation,
        (
            NewEvent(
                EventRecord(org, event, source.id, request, "incident.created", key, None, None, now, _DATA),
                (
                    NewExecution(
                        org=org, id=new_id(), workflow=workflow, version=1, kind="webhook", trigger=trigger,
                        created=now, source=source.id, request=request, event=event,
                        lease=Lease("bench", now + 30_000_000),
                    ),
                ),
            ),
        ),
    )  # fmt: skip


async def run(directory: Path, callers: int, seconds: float) -> None:
    """One run; prints its outcome."""
    clock = SystemClock()
    store = SqlStore(
        None, directory, vault=Vault(directory / "keys"), blobs=DirectoryBlobs(directory / "blobs"), clock=clock,
        owner="bench",
    )  # fmt: skip
    await store.start()
    org = next(iter(store.snapshot.orgs))
    secret = StoredSecret(new_id(), "url", b"s" * 32, created=clock.now())
    workflow = await store.workflows.create(
        org, "bench", {"nodes": []}, source=SourceSpec(), secrets=[secret], publish=True
    )
    source = store.snapshot.sources[workflow.source]
    accepts: list[float] = []
    finishes: list[float] = []
    end = time.perf_counter() + seconds

    async def caller(number: int) -> None:
        turn = 0
        while (begin := time.perf_counter()) < end:
            turn += 1
            accepted = await store.inbound.accept(acceptance(source, workflow.id, clock.now(), key=f"{number}-{turn}"))
            middle = time.perf_counter()
            now = clock.now()
            node = NodeRecord("answer", "succeeded", input={"value": 1}, output={"ok": True}, started=now, finished=now)
            change = ExecutionChange("succeeded", result={"ok": True}, finished=now, release=True)
            await store.executions.journal(org, accepted.executions[0], 1, [node], change)
            accepts.append(middle - begin)
            finishes.append(time.perf_counter() - middle)

    begin = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(callers)))
    took = time.perf_counter() - begin
    await store.stop()
    rate = len(accepts) / took
    sys.stdout.write(f"pairs/s {rate:.0f}   accept {_percentiles(accepts)}   journal {_percentiles(finishes)}\n")


def _percentiles(times: list[float]) -> str:
    ordered = sorted(times)
    half, most = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"p50 {half * 1000:.1f} p99 {most * 1000:.1f} ms"


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--interval", type=float, help="sys.setswitchinterval, seconds")
    arguments = parser.parse_args()
    if arguments.interval:
        sys.setswitchinterval(arguments.interval)
    with tempfile.TemporaryDirectory() as directory:
        profile = cProfile.Profile()
        if arguments.profile:
            profile.enable()
        uvloop.run(run(Path(directory), arguments.callers, arguments.seconds))
        if arguments.profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
