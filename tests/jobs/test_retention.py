"""What is old goes, kind by kind, and the log says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog

from hub.jobs.retention import Keeper, days_kept
from hub.settings import Settings
from hub.testing.clock import ManualClock
from hub.testing.live import LiveHub, live_hub

DAY = 86_400


async def kept(hub: LiveHub) -> dict[str, int]:
    counts = {}
    for path in ("requests", "events", "executions", "audit"):
        counts[path] = len((await hub.api("GET", f"/api/{path}?limit=200")).json()["items"])
    return counts


def keeper(hub: LiveHub, clock: ManualClock, **days: int) -> Keeper:
    kinds: Any = {"requests": 0, "executions": 0, "messages": 0, "audit": 0, "jobs": 0, **days}
    return Keeper(hub.services.store.retention, kinds, clock)


async def test_each_kind_goes_after_its_own_days(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock) as hub:
        workflow = await hub.workflow()
        for number in range(3):
            answer = await hub.post(workflow["source"]["urls"]["tracecat"], {"n": number})
            await hub.finished(answer.json()["wf_exec_id"])
        assert await kept(hub) == {"requests": 3, "events": 3, "executions": 3, "audit": 1}
        clock.advance(2 * DAY)
        assert await keeper(hub, clock, requests=3, executions=3).run_once() == {"requests": 0, "executions": 0}
        with structlog.testing.capture_logs() as logs:
            removed = await keeper(hub, clock, requests=1).run_once()
        assert removed == {"requests": 3}
        assert [(line["kind"], line["removed"], line["days"]) for line in logs] == [("requests", 3, 1)]
        assert await kept(hub) == {"requests": 0, "events": 0, "executions": 3, "audit": 1}
        await keeper(hub, clock, executions=1, audit=1).run_once()
        assert await kept(hub) == {"requests": 0, "events": 0, "executions": 0, "audit": 0}


def test_settings_say_how_long_and_nought_is_for_ever() -> None:
    settings = Settings(retain_requests_days=1, retain_executions_days=2, retain_deliveries_days=0, retain_audit_days=4)
    days = days_kept(settings)
    assert (days["requests"], days["executions"], days["messages"], days["audit"]) == (1, 2, 0, 4)
    assert days["jobs"] == 4


async def test_it_runs_by_itself_every_hour(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock, retain_requests_days=1) as hub:
        workflow = await hub.workflow()
        await hub.post(workflow["source"]["urls"]["tracecat"], {})
        clock.advance(2 * DAY)
        for _ in range(200):
            if (await kept(hub))["requests"] == 0:
                break
        assert (await kept(hub))["requests"] == 0
