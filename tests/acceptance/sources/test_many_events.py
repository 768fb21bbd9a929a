"""Requests of many events: their limit, the acceptance of large batches as a whole, and other senders beside them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import hub as hub_api
from hub import Event, Registry, Request, Source, Token, Vendor, hookimpl
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import HubProcess, HubResponse, LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS

NDJSON = {"Content-Type": "application/x-ndjson"}
TOKEN = {"Authorization": "tally-secret"}


class Tally:
    """Two vendors whose requests say how many events they have; `given` counts those that were asked for."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = 0

    def read(self, request: Request, _source: Source) -> Iterable[Event]:
        wanted = request.json()
        try:
            for number in range(wanted) if wanted is not None else count():
                self.given += 1
                yield Event("tally.counted", {"n": number}, id=str(number))
        finally:
            self.closed += 1

    def listed(self, request: Request, source: Source) -> Iterable[Event]:
        return list(self.read(request, source))

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        token = Token(header="authorization")
        registry.vendor(Vendor(name="tally", title="Tally", verify=token, read=self.read))
        registry.vendor(Vendor(name="tally-few", title="Few", verify=token, read=self.listed, max_events=2))


@pytest.fixture
def tally() -> Iterator[Tally]:
    module = types.ModuleType("hub_tally")
    plugin = vars(module)["plugin"] = Tally()
    sys.modules["hub_tally"] = module
    yield plugin
    del sys.modules["hub_tally"]


@pytest.fixture
async def hub(tmp_path: Path, tally: Tally) -> AsyncIterator[LiveHub]:
    plugins = Plugins(
        version=hub_api.__version__,
        entry_points=[EntryPoint("tally", "hub_tally:plugin", "hub")],
        dialects=CORE_DIALECTS,
        actions=CORE_ACTIONS.values(),
    )
    assert tally.given == 0
    async with live_hub(tmp_path / "data", plugins=plugins) as running:
        yield running


async def bound(hub: LiveHub, vendor: str = "tally", **source: Any) -> dict[str, Any]:
    """A workflow with a source bound to a vendor, with every dialect's credential."""
    return await hub.workflow(
        source={
            "vendor": vendor,
            "signing_secrets": ["tally-secret"],
            "hmac_secret": "a-secret-of-flowtrux",
            "shared_key": "a-key-of-vectense",
            "open": True,
            **source,
        }
    )


async def counted(hub: LiveHub, workflow: Mapping[str, Any]) -> int:
    """How many executions the workflow has."""
    found, cursor = 0, ""
    while True:
        page = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}&limit=200{cursor}")).json()
        found += len(page["items"])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


async def send_lines(hub: LiveHub, workflow: Mapping[str, Any], number: int) -> HubResponse:
    return await hub.send("POST", workflow["source"]["urls"]["tracecat"], b'{"a":1}\n' * number, headers=NDJSON)


async def test_more_lines_than_a_thousand_start_nothing(hub: LiveHub) -> None:
    workflow = await hub.workflow()

    refused = await send_lines(hub, workflow, 1_001)

    assert (refused.status, refused.json()) == (413, {"detail": "More than 1000 events in one request"})
    assert await counted(hub, workflow) == 0
    [kept] = (await hub.api("GET", f"/api/requests?source={workflow['source']['id']}")).json()["items"]
    assert (kept["state"], kept["step"], kept["status"]) == ("refused", "read", 413)
    assert "more than 1000 events" in kept["reason"]


async def test_a_thousand_lines_are_a_thousand_executions(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    accepted = await send_lines(hub, workflow, 1_000)
    assert (accepted.status, len(set(accepted.json()["executions"]))) == (200, 1_000)
    assert await counted(hub, workflow) == 1_000
    shown = (await hub.api("GET", f"/api/requests/{accepted.headers['X-Request-Id']}")).json()
    assert (len(shown["executions"]), len(shown["events"])) == (1_000, 200)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("tracecat", {"detail": "More than 1000 events in one request"}),
        ("flowtrux", {"success": False, "error": "More than 1000 events in one request"}),
        ("vectense", {"error": "More than 1000 events in one request"}),
        ("vibeiq", {"message": "More than 1000 events in one request"}),
    ],
)
async def test_a_vendor_is_read_no_further_than_the_limit(
    hub: LiveHub, tally: Tally, url: str, body: Mapping[str, Any]
) -> None:
    workflow = await bound(hub)
    headers = {**TOKEN, "X-Webhook-Signature": _signed("null"), "Content-Type": "application/json"}
    target = workflow["source"]["urls"][url]
    if url != "vectense":
        target += "?key=a-key-of-vectense"

    refused = await hub.send("POST", target, b"null", headers=headers)

    assert (refused.status, refused.json()) == (413, body), "the vendor has events without end"
    assert (tally.given, tally.closed) == (1_001, 1)
    assert await counted(hub, workflow) == 0


async def test_the_limit_is_the_sources_or_else_the_vendors(hub: LiveHub) -> None:
    few = await bound(hub, "tally-few")
    url = few["source"]["urls"]["vibeiq"] + "?key=a-key-of-vectense"

    async def status(events: int) -> int:
        headers = {**TOKEN, "X-Webhook-Signature": _signed(str(events))}
        return (await hub.send("POST", url, str(events).encode(), headers=headers)).status

    async def change(limit: int | None) -> None:
        answer = await hub.api("PATCH", f"/api/sources/{few['source']['id']}", {"max_events": limit})
        assert (answer.status, answer.json()["max_events"]) == (200, limit)

    assert [await status(number) for number in (2, 3)] == [200, 413]
    await change(3)
    assert [await status(number) for number in (3, 4)] == [200, 413]
    await change(1)
    assert [await status(number) for number in (1, 2)] == [200, 413]
    await change(None)
    assert [await status(number) for number in (2, 3)] == [200, 413]
    [vendor] = [one for one in (await hub.api("GET", "/api/vendors")).json()["items"] if one["name"] == "tally-few"]
    assert vendor["max_events"] == 2


def _signed(body: str) -> str:
    return hmac.new(b"a-secret-of-flowtrux", body.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("limit", [0, -1, 100_001, "many", 1.5])
async def test_a_limit_is_a_number_from_one_to_a_hundred_thousand(hub: LiveHub, limit: object) -> None:
    refused = await hub.api("POST", "/api/sources", {"max_events": limit})
    assert refused.status == 422
    assert refused.json()["errors"][0]["pointer"].endswith("/max_events")


async def test_a_request_over_a_new_limit_is_not_replayed(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    accepted = await send_lines(hub, workflow, 3)
    await hub.api("PATCH", f"/api/sources/{workflow['source']['id']}", {"max_events": 2})

    answer = await hub.api("POST", f"/api/requests/{accepted.headers['X-Request-Id']}/replay")

    assert (answer.status, "more than 2 events" in answer.json()["detail"]) == (409, True)
    assert await counted(hub, workflow) == 3


async def test_each_execution_of_a_batch_sees_the_whole_body(hub: LiveHub) -> None:
    """It is stored once, so the executions of a large batch do not store it a thousand times."""
    workflow = await hub.workflow(
        [
            {"id": "a", "action": "transform", "with": {"value": "{{ event.body | length }}"}},
            {"id": "b", "action": "sleep", "with": {"seconds": 0}, "needs": ["a"]},
            {"id": "c", "action": "transform", "with": {"value": "{{ [TRIGGER.n, nodes.a.output] }}"}, "needs": ["b"]},
        ]
    )
    lines = [{"n": number, "filling": "x" * 500} for number in range(600)]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    accepted = await hub.send("POST", workflow["source"]["urls"]["tracecat"], body, headers=NDJSON)
    executions = accepted.json()["executions"]
    results = [(await hub.finished(executions[number], 60))["result"] for number in (0, 1, 300, 599)]
    assert results == [[0, 600], [1, 600], [300, 600], [599, 600]]
    data = hub.services.settings.data_dir
    stored = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    assert stored < 20 * len(body), "less than the bodies of all executions would take"


class Latency:
    """Calls again and again while a batch is sent, and keeps how long the longest call took."""

    def __init__(self, call: Callable[[], Awaitable[HubResponse]], sending: asyncio.Future[list[HubResponse]]) -> None:
        self._call = call
        self._sending = sending
        self.worst = 0.0
        self.calls = 0

    async def measure(self) -> None:
        while not self._sending.done():
            began = time.perf_counter()
            answer = await self._call()
            assert answer.status == 200
            self.worst = max(self.worst, time.perf_counter() - began)
            self.calls += 1
            await asyncio.sleep(0.005)


async def test_other_senders_are_served_beside_the_largest_batches(tmp_path: Path) -> None:
    """On an idle machine nobody waits longer than 250 ms; the bound here is generous, since tests share theirs."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=170)) as session:
        hub = HubProcess(tmp_path / "data", session)
        await hub.start()
        try:
            quiet = [{"id": "wait", "action": "sleep", "with": {"seconds": 3600}}]
            small = await hub.workflow(quiet)
            large = await hub.workflow(quiet, source={"max_events": 20_000})
            other = await hub.workflow()
            calls: tuple[Callable[[], Awaitable[HubResponse]], ...] = (
                lambda: hub.send("GET", "/healthz"),
                lambda: hub.post(other["source"]["urls"]["tracecat"], {"a": 1}),
            )
            sizes = ((small, 1_000, 1, 200), (small, 1_000, 10, 200), (small, 20_000, 1, 413), (large, 20_000, 1, 200))
            for workflow, number, times, status in sizes:
                await asyncio.gather(*(call() for call in calls))
                url = workflow["source"]["urls"]["tracecat"]
                batches = (hub.send("POST", url, b"1\n" * number, headers=NDJSON) for _ in range(times))
                sending = asyncio.gather(*batches)
                probes = [Latency(call, sending) for call in calls]
                await asyncio.gather(*(probe.measure() for probe in probes))
                answers = await sending
                assert {answer.status for answer in answers} == {status}
                measured = [f"{1000 * probe.worst:.0f} ms in {probe.calls} calls" for probe in probes]
                sys.stdout.write(f"{times} x {number} events ({status}): {measured}\n")
                assert max(probe.worst for probe in probes) < 1.0
            assert len(set(answers[0].json()["executions"])) == 20_000
        finally:
            await hub.stop()


async def test_a_batch_is_whole_when_the_hub_is_killed_in_the_midst_of_it(tmp_path: Path) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=170)) as session:
        hub = HubProcess(tmp_path / "data", session)
        await hub.start()
        workflow = await hub.workflow(
            [{"id": "wait", "action": "sleep", "with": {"seconds": 3600}}], source={"max_events": 3_000}
        )
        url = workflow["source"]["urls"]["tracecat"]
        sending = asyncio.create_task(hub.send("POST", url, b"1\n" * 3_000, headers=NDJSON))
        while not (await hub.api("GET", f"/api/requests?source={workflow['source']['id']}")).json()["items"]:
            pass
        await hub.kill()
        with pytest.raises(aiohttp.ClientError):
            await sending

        await hub.start()
        try:
            found: set[str] = set()
            cursor = ""
            while True:
                path = f"/api/executions?workflow={workflow['id']}&limit=200{cursor}"
                page = (await hub.api("GET", path)).json()
                found |= {one["id"] for one in page["items"]}
                if page["next"] is None:
                    break
                cursor = f"&cursor={page['next']}"
            assert len(found) == 3_000
        finally:
            await hub.stop()
