"""Old things are removed, kind by kind, and the log says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import structlog

from hub.jobs.retention import RemoveOld, days_kept
from hub.jobs.runner import JobRunner
from hub.model.stored.jobs import Job
from hub.settings import Settings
from hub.testing.clock import ManualClock
from hub.testing.live import LiveHub, live_hub
from tests.jobs.conftest import eventually

DAY = 86_400


async def kept(hub: LiveHub) -> dict[str, int]:
    counts = {}
    for path in ("requests", "events", "executions", "audit"):
        counts[path] = len((await hub.api("GET", f"/api/{path}?limit=200")).json()["items"])
    return counts


async def remove(hub: LiveHub, clock: ManualClock, **days: int) -> Job:
    """Run the job with these days, once, beside the hub's own."""
    kinds: Any = {"requests": 0, "executions": 0, "messages": 0, "audit": 0, "jobs": 0, **days}

    class ByTheseDays(RemoveOld):
        name = f"retention by {days}"  # another kind, so that the hub's own job is left alone

    kind = ByTheseDays(hub.services.store.retention, kinds, clock)
    runner = JobRunner(hub.services.store.jobs, [kind], clock, owner="test")
    org = hub.services.store.snapshot.org_named("default")
    assert org is not None
    await runner.start(org.id)
    [job] = (await hub.services.store.jobs.list(org.id, kind=kind.name, limit=2)).items
    clock.advance(61)

    async def ended() -> bool:
        return (await hub.services.store.jobs.get(org.id, job.id)).state == "done"

    await eventually(ended)
    await runner.stop()
    return await hub.services.store.jobs.get(org.id, job.id)


async def test_each_kind_is_removed_after_its_own_days(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock) as hub:
        workflow = await hub.workflow()
        for number in range(3):
            answer = await hub.post(workflow["source"]["urls"]["tracecat"], {"n": number})
            await hub.finished(answer.json()["wf_exec_id"])
        assert await kept(hub) == {"requests": 3, "events": 3, "executions": 3, "audit": 1}
        clock.advance(2 * DAY)
        assert (await remove(hub, clock, requests=3, executions=3)).total == 0
        with structlog.testing.capture_logs() as logs:
            removed = await remove(hub, clock, requests=1)
        assert (removed.total, removed.done, removed.failed) == (3, 3, 0)
        lines = [line for line in logs if line["event"] == "removed_what_is_old"]
        assert [(line["kind"], line["removed"], line["days"]) for line in lines] == [("requests", 3, 1)]
        assert await kept(hub) == {"requests": 0, "events": 0, "executions": 3, "audit": 1}
        removed = await remove(hub, clock, executions=1, audit=1)
        assert (removed.total, removed.done) == (4, 4)
        assert await kept(hub) == {"requests": 0, "events": 0, "executions": 0, "audit": 0}


def test_settings_say_how_long_and_nought_is_for_ever() -> None:
    settings = Settings(retain_requests_days=1, retain_executions_days=2, retain_deliveries_days=0, retain_audit_days=4)
    days = days_kept(settings)
    assert (days["requests"], days["executions"], days["messages"], days["audit"]) == (1, 2, 0, 4)
    assert days["jobs"] == 4


async def test_it_runs_by_itself_every_hour_and_is_one_job(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock, retain_requests_days=1) as hub:
        url = (await hub.workflow())["source"]["urls"]["tracecat"]
        await hub.post(url, {})
        clock.advance(2 * DAY)

        async def removed() -> bool:
            return (await kept(hub))["requests"] == 0

        await eventually(removed)
        await hub.services.jobs.settled()
        await hub.post(url, {})
        for _ in range(3):
            clock.advance(DAY)
            await hub.api("GET", "/api/jobs")
        await eventually(removed)
        await hub.services.jobs.settled()
        [job] = (await hub.api("GET", "/api/jobs")).json()["items"]
        assert (job["kind"], job["urls"]) == ("retention", {"self": f"{hub.url}/api/jobs/{job['id']}"})
        for action in ("pause", "resume", "cancel"):
            refused = await hub.api("POST", f"/api/jobs/{job['id']}/{action}")
            assert (refused.status, "runs to its end" in refused.json()["detail"]) == (409, True)


async def test_blobs_that_nothing_refers_to_are_removed_once_a_day(tmp_path: Path) -> None:
    """As where the hub is killed after it has written the files of a request, and before it has accepted that."""
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock) as hub:
        await hub.services.jobs.settled()
        org = hub.services.store.snapshot.org_named("default")
        assert org is not None
        form = b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nkept\r\n--B--\r\n'
        url = (await hub.workflow())["source"]["urls"]["tracecat"]
        sent = await hub.send("POST", url, form, headers={"Content-Type": "multipart/form-data; boundary=B"})
        orphan = await hub.services.blobs.put(org.id, b"orphan")
        young = await hub.services.blobs.put(org.id, b"young")
        for path in (tmp_path / "data" / "blobs").rglob("*"):
            if path.is_file() and path.name != young:
                os.utime(path, (1, 1))

        async def is_gone() -> bool:
            return await hub.services.blobs.listed(None, 10) == ((org.id, ours),)

        [file] = (await hub.api("GET", f"/api/requests/{sent.headers['X-Request-Id']}")).json()["files"]
        [ours] = [ref for _, ref in await hub.services.blobs.listed(None, 10) if ref != orphan]
        clock.advance(DAY)
        await eventually(is_gone)
        await hub.services.jobs.settled()
        assert (await hub.api("GET", f"/api/files/{file['ref']}")).body == b"kept"
        assert await hub.services.blobs.get(org.id, young) == b"young"
