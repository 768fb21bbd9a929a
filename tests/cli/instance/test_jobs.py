"""`hub jobs`, and the commands that begin jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from hub.model.json import loads
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data") as running:
        yield running


@pytest.fixture
def run(hub: LiveHub) -> Run:
    async def invoke(*arguments: str) -> Result:
        environment = {"HUB_URL": hub.url, "HUB_API_KEY": ADMIN_KEY, "HUB_ORG": ""}
        return await asyncio.to_thread(
            CliRunner().invoke, main, list(arguments), env=environment, catch_exceptions=False
        )

    return invoke


async def test_jobs_are_listed_shown_and_steered(hub: LiveHub, run: Run) -> None:
    url = (await hub.workflow())["source"]["urls"]["tracecat"]
    for number in range(40):
        await hub.post(url, {"n": number})
    job = (await hub.api("POST", "/api/requests/replay", {"since": "2020-01-01T00:00:00Z"})).json()["id"]
    await hub.api("POST", f"/api/jobs/{job}/pause")
    await hub.services.jobs.settled()

    listed = loads((await run("jobs", "list", "--kind", "replay", "--state", "paused", "-j")).output)
    assert [one["id"] for one in listed] == [job]
    table = (await run("jobs", "list", "--limit", "1")).output
    assert job in table
    assert "retention" not in table
    assert "retention" in (await run("jobs", "list")).output
    assert loads((await run("jobs", "show", job, "--json")).output) == listed[0]
    said = await run("jobs", "show", job)
    assert said.output == f"{job} (replay) is paused: {listed[0]['done']} of 40 done\n"

    assert f"{job} (replay) is running" in (await run("jobs", "resume", job)).output
    assert loads((await run("jobs", "pause", job, "-j")).output)["state"] == "paused"
    assert "is cancelled" in (await run("jobs", "cancel", job)).output
    refused = await run("jobs", "cancel", job)
    assert refused.exit_code == 1
    assert "the job is cancelled: only an unfinished one can be cancelled" in refused.output
    assert (await run("jobs", "list", "--kind", "nonsense")).exit_code == 1


async def test_failed_executions_of_a_span_are_retried(hub: LiveHub, run: Run) -> None:
    workflow = await hub.workflow([{"id": "fail", "action": "fail", "with": {"message": "no"}}])
    for number in range(3):
        answer = await hub.post(workflow["source"]["urls"]["tracecat"], {"n": number})
        failed = await hub.finished(answer.json()["wf_exec_id"])
    span = ("executions", "retry", "--since", "1h", "--until", "2999-01-01T00:00:00Z")
    filters = ("--workflow", workflow["id"], "--source", workflow["source"]["id"], "--state", "failed")

    assert "3 would be retried\n" in (await run(*span, *filters, "--dry-run")).output
    assert "done: 3 of 3 queued again, 0 failed" in (await run(*span, *filters)).output
    await hub.finished(failed["id"])
    assert loads((await run(*span, "-j")).output)["kind"] == "retry"
    assert (await run("executions", "retry")).exit_code == 2
    assert (await run("executions", "retry", failed["id"], "--since", "1h")).exit_code == 2


async def test_a_replay_and_a_recovery_can_be_counted_first(hub: LiveHub, run: Run) -> None:
    await hub.post((await hub.workflow())["source"]["urls"]["tracecat"], {})
    assert "1 would be replayed\n" in (await run("replay", "--since", "1h", "--dry-run")).output
    spec = {"url": "https://receiver.example/", "events": ["x"], "enabled": False}
    made = (await hub.api("POST", "/api/subscriptions", spec)).json()
    await hub.api("POST", "/api/messages", {"type": "x", "data": {}})
    counted = await run("recover", made["id"], "--since", "1h", "--dry-run")
    assert ": 1 to recover\n" in counted.output
    assert "sent again" not in counted.output
