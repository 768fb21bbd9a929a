"""Retrying the failed executions of a span."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub.testing.live import LiveHub, live_hub
from tests.outbound.conftest import Receiver

COUNT = 4


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data", egress_allow="127.0.0.0/8") as running:
        yield running


async def calling(hub: LiveHub, receiver: Receiver, *more: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A workflow whose one node calls the receiver."""
    call = {
        "id": "call",
        "action": "http.request",
        "with": {"method": "POST", "url": receiver.url, "json": "{{ TRIGGER }}"},
    }
    return await hub.workflow([call, *more], **fields)


async def fail(hub: LiveHub, receiver: Receiver, workflow: dict[str, Any], count: int = COUNT) -> list[str]:
    """Ids of executions that failed, oldest first."""
    receiver.always = lambda: web.Response(status=500)
    executions = []
    for number in range(count):
        answer = await hub.post(workflow["source"]["urls"]["tracecat"], {"n": number})
        executions.append((await hub.finished(answer.json()["wf_exec_id"]))["id"])
    receiver.always = None
    return executions


async def retry(hub: LiveHub, **body: Any) -> dict[str, Any]:
    answer = await hub.api("POST", "/api/executions/retry", {"state": "failed", **body})
    assert answer.status == 202, answer.body
    await hub.services.jobs.settled()
    job: dict[str, Any] = (await hub.api("GET", f"/api/jobs/{answer.json()['id']}")).json()
    return job


async def states(hub: LiveHub, executions: list[str]) -> list[str]:
    return [(await hub.finished(one))["state"] for one in executions]


async def test_what_failed_is_counted_and_queued_again(hub: LiveHub, receiver: Receiver) -> None:
    workflow = await calling(hub, receiver)
    executions = await fail(hub, receiver, workflow)
    assert await states(hub, executions) == ["failed"] * COUNT

    dry = await retry(hub, dry_run=True)
    assert (dry["kind"], dry["state"], dry["total"], dry["done"], dry["dry_run"]) == ("retry", "done", COUNT, 0, True)
    assert await states(hub, executions) == ["failed"] * COUNT

    job = await retry(hub, workflow=workflow["id"], source=workflow["source"]["id"])
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("done", COUNT, COUNT, 0)
    assert (job["workflow"], job["source"]) == (workflow["id"], workflow["source"]["id"])
    assert await states(hub, executions) == ["succeeded"] * COUNT
    assert (await retry(hub))["total"] == 0


async def test_only_those_asked_for_are_retried(hub: LiveHub, receiver: Receiver) -> None:
    one, other = await calling(hub, receiver), await calling(hub, receiver)
    first, second = await fail(hub, receiver, one, 2), await fail(hub, receiver, other, 2)
    made = (await hub.execution(second[-1]))["created"]

    async def counted(**body: Any) -> int:
        total: int = (await retry(hub, dry_run=True, **body))["total"]
        return total

    assert await counted() == 4
    assert await counted(workflow=one["id"]) == 2
    assert await counted(source=other["source"]["id"]) == 2
    assert await counted(since=made) == 1
    assert await counted(until=made) == 3
    assert await counted(state="cancelled") == 0

    await retry(hub, workflow=other["id"])
    assert await states(hub, first) == ["failed"] * 2
    assert await states(hub, second) == ["succeeded"] * 2


async def test_an_execution_that_another_one_started_is_left_to_that_one(hub: LiveHub, receiver: Receiver) -> None:
    child = await calling(hub, receiver)
    run = {"id": "run", "action": "workflow.run", "with": {"workflow": child["id"], "data": 1}}
    parent = await hub.workflow([run])
    [execution] = await fail(hub, receiver, parent, 1)
    failed = (await hub.api("GET", "/api/executions?state=failed")).json()["items"]
    assert {one["kind"] for one in failed} == {"webhook", "child"}

    job = await retry(hub)

    assert (job["total"], job["done"]) == (1, 1)
    assert await states(hub, [execution]) == ["succeeded"]
    assert len(receiver.got) == 2


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, "/state"),
        ({"state": "succeeded"}, 422, "/state"),
        ({"state": "failed", "since": "yesterday"}, 422, "/since"),
        ({"state": "failed", "since": "2021-01-01T00:00:00Z", "until": "2020-01-01T00:00:00Z"}, 422, "/since"),
        ({"state": "failed", "unknown": 1}, 422, "/unknown"),
        ({"state": "failed", "workflow": "wf_nothing"}, 404, None),
        ({"state": "failed", "workflow": "wf_0000000000000000000000"}, 404, None),
        ({"state": "failed", "source": "src_nothing"}, 404, None),
    ],
)
async def test_a_fault_of_the_filter_is_told(
    hub: LiveHub, body: dict[str, Any], status: int, pointer: str | None
) -> None:
    answer = await hub.api("POST", "/api/executions/retry", body)
    assert answer.status == status
    if pointer is not None:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
