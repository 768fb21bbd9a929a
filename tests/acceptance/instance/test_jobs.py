"""Jobs over HTTP: listed, shown, paused, resumed, cancelled; what each kind allows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub.testing.live import LiveHub, live_hub
from tests.outbound.conftest import Receiver, serving

COUNT = 60
ALL = {"since": "2020-01-01T00:00:00Z"}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data", egress_allow="127.0.0.0/8") as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    async with serving([one]):
        yield one


async def accepted(hub: LiveHub, count: int = COUNT) -> None:
    url = (await hub.workflow())["source"]["urls"]["tracecat"]
    for number in range(count):
        assert (await hub.post(url, {"n": number})).status == 200


async def begun(hub: LiveHub, path: str = "/api/requests/replay", body: Any = ALL) -> dict[str, Any]:
    answer = await hub.api("POST", path, body)
    assert answer.status == 202, answer.body
    job: dict[str, Any] = answer.json()
    return job


async def now(hub: LiveHub, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await hub.api("GET", f"/api/jobs/{job['id']}")).json()
    return found


async def test_jobs_are_listed_newest_first_in_pages_and_by_kind_and_state(hub: LiveHub) -> None:
    made = [(await begun(hub))["id"] for _ in range(3)]
    made.append((await begun(hub, "/api/executions/retry", {"state": "failed"}))["id"])
    await hub.services.jobs.settled()

    async def ids(query: str) -> list[str]:
        return [job["id"] for job in (await hub.api("GET", f"/api/jobs?{query}")).json()["items"]]

    first = (await hub.api("GET", "/api/jobs?limit=2")).json()
    assert [job["id"] for job in first["items"]] == made[:1:-1]
    rest = (await hub.api("GET", f"/api/jobs?limit=10&cursor={first['next']}")).json()
    assert [job["id"] for job in rest["items"][:2]] == made[1::-1]
    assert [job["kind"] for job in rest["items"][2:]] == ["retention"]
    assert rest["next"] is None
    assert await ids("kind=replay") == made[2::-1]
    assert await ids("kind=retry&state=done") == made[3:]
    assert await ids("kind=replay&state=failed") == []
    for query, pointer in (("kind=nonsense", "/kind"), ("state=nonsense", "/state"), ("cursor=nonsense", "/cursor")):
        refused = await hub.api("GET", f"/api/jobs?{query}")
        assert (refused.status, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_job_is_shown_with_its_counts(hub: LiveHub) -> None:
    await accepted(hub, 4)
    job = await begun(hub)
    assert (job["state"], job["total"]) in {("running", 4), ("done", 4)}
    await hub.services.jobs.settled()
    shown = await now(hub, job)
    assert {name: shown[name] for name in ("kind", "state", "total", "done", "failed", "progress", "error")} == {
        "kind": "replay", "state": "done", "total": 4, "done": 4, "failed": 0, "progress": 1.0, "error": "",
    }  # fmt: skip
    assert (shown["since"], shown["dry_run"]) == ("2020-01-01T00:00:00.000Z", False)
    assert shown["urls"] == {"self": f"{hub.url}/api/jobs/{job['id']}"}
    assert (await hub.api("GET", "/api/jobs/job_nothing")).status == 404


async def test_a_dry_run_only_counts(hub: LiveHub) -> None:
    await accepted(hub, 3)
    job = await begun(hub, body={**ALL, "dry_run": True})
    await hub.services.jobs.settled()
    shown = await now(hub, job)
    assert (shown["dry_run"], shown["state"], shown["total"], shown["done"]) == (True, "done", 3, 0)
    assert len((await hub.api("GET", "/api/requests")).json()["items"]) == 3


async def test_a_job_of_replays_is_paused_resumed_and_cancelled(hub: LiveHub) -> None:
    await accepted(hub)
    job = await begun(hub)
    path = f"/api/jobs/{job['id']}"
    assert set(job["urls"]) == {"self", "pause", "resume", "cancel"}

    paused = await hub.api("POST", f"{path}/pause")
    assert (paused.status, paused.json()["state"]) == (200, "paused")
    await hub.services.jobs.settled()
    rested = await now(hub, job)
    assert rested["done"] < COUNT
    assert rested["progress"] == round(rested["done"] / COUNT, 4)
    assert (await hub.api("POST", f"{path}/pause")).status == 409
    assert (await hub.api("GET", "/api/jobs?state=paused")).json()["items"] == [rested]

    resumed = await hub.api("POST", f"{path}/resume")
    assert (resumed.status, resumed.json()["state"], resumed.json()["done"]) == (200, "running", rested["done"])
    assert (await hub.api("POST", f"{path}/resume")).status == 409
    cancelled = await hub.api("POST", f"{path}/cancel")
    assert (cancelled.status, cancelled.json()["state"]) == (200, "cancelled")
    await hub.services.jobs.settled()

    ended = await now(hub, job)
    requests = (await hub.api("GET", "/api/requests?limit=200")).json()["items"]
    assert len(requests) == COUNT + ended["done"] < 2 * COUNT
    for action in ("pause", "resume", "cancel"):
        refused = await hub.api("POST", f"{path}/{action}")
        assert refused.status == 409
        assert refused.json()["detail"].startswith("the job is cancelled: only ")
        assert (await hub.api("POST", f"/api/jobs/job_nothing/{action}")).status == 404


async def test_a_paused_job_of_replays_is_resumed_to_its_end(hub: LiveHub) -> None:
    await accepted(hub)
    job = await begun(hub)
    await hub.api("POST", f"/api/jobs/{job['id']}/pause")
    await hub.services.jobs.settled()
    await hub.api("POST", f"/api/jobs/{job['id']}/resume")
    while (await now(hub, job))["state"] == "running":
        await hub.services.jobs.settled()
    ended = await now(hub, job)
    assert (ended["state"], ended["total"], ended["done"]) == ("done", COUNT, COUNT)
    assert len((await hub.api("GET", "/api/requests?limit=200")).json()["items"]) == 2 * COUNT


async def test_a_rotation_runs_to_its_end_and_stands_alone(hub: LiveHub) -> None:
    jobs = [await hub.api("POST", "/api/master-key/rotate") for _ in range(2)]
    assert jobs[0].status == 202
    assert jobs[1].status in {202, 409}
    job = jobs[0].json()
    for action in ("pause", "resume", "cancel"):
        refused = await hub.api("POST", f"/api/jobs/{job['id']}/{action}")
        assert (refused.status, refused.headers["Content-Type"]) == (409, "application/problem+json")
        assert "a job of the kind rotate-master-key cannot be" in refused.json()["detail"]
    await hub.services.jobs.settled()
    ended = await now(hub, job)
    assert (ended["state"], ended["done"]) == ("done", ended["total"])


async def test_a_recovery_whose_subscription_is_deleted_fails_with_a_sentence(hub: LiveHub, receiver: Receiver) -> None:
    spec = {"url": receiver.url, "events": ["order.created"], "retry": {"retries": 0}}
    made = (await hub.api("POST", "/api/subscriptions", spec)).json()
    receiver.always = lambda: web.Response(status=500)
    for number in range(310):
        await hub.api("POST", "/api/messages", {"type": "order.created", "data": number})
    await receiver.until(310)
    await hub.services.outbound.settled()
    receiver.gate.clear()
    job = await begun(hub, f"/api/subscriptions/{made['id']}/recover")
    assert (job["subscription"], job["total"]) == (made["id"], 310)
    await receiver.until(311)

    await hub.api("DELETE", f"/api/subscriptions/{made['id']}")
    await hub.services.jobs.settled()

    failed = await now(hub, job)
    assert (failed["state"], failed["error"]) == ("failed", "the subscription was deleted")
    assert failed["done"] < failed["total"] == 310
    [listed] = (await hub.api("GET", "/api/jobs?state=failed")).json()["items"]
    assert listed == failed
    assert (await hub.api("POST", f"/api/jobs/{job['id']}/resume")).status == 409


async def test_jobs_of_another_org_are_not_there(hub: LiveHub) -> None:
    job = await begun(hub)
    await hub.api("POST", "/api/orgs", {"name": "other"})
    other = {"X-Api-Org": "other"}
    assert (await hub.api("GET", "/api/jobs", headers=other)).json()["items"] == []
    for method, path in (("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/cancel")):
        answer = await hub.api(method, f"/api/jobs/{job['id']}{path}", headers=other)
        assert answer.status == 404
