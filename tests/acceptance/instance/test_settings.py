"""Settings of the instance that nothing else tests, each at the running hub."""

from __future__ import annotations

from pathlib import Path

from hub.testing.clock import ManualClock
from hub.testing.live import live_hub
from tests.outbound.conftest import Receiver, serving


async def test_a_result_over_the_threshold_is_a_link_that_lives_as_long_as_is_set(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock, externalize_bytes=100, link_seconds=30) as hub:
        url = (await hub.workflow())["source"]["urls"]["tracecat_wait"]
        assert (await hub.post(url, {"a": "x" * 50})).json()["kind"] == "value"
        answer = (await hub.post(url, {"a": "x" * 100})).json()
        assert (answer["kind"], answer["expires_in_seconds"]) == ("download_file", 30)
        clock.advance(29)
        assert (await hub.send("GET", answer["download_url"])).json() == {"a": "x" * 100}
        clock.advance(2)
        late = await hub.send("GET", answer["download_url"])
        assert (late.status, late.headers["Content-Type"]) == (410, "application/problem+json")
        status = answer["download_url"].replace("/api/results/", "/api/status/")
        assert (await hub.send("GET", status)).status == 403


async def test_no_more_executions_run_at_once_than_there_are_workers(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.gate.clear()
    async with (
        serving([receiver]),
        live_hub(tmp_path / "data", workers=1, egress_allow="127.0.0.0/8") as hub,
    ):
        nodes = [{"id": "call", "action": "http.request", "with": {"method": "GET", "url": receiver.url}}]
        url = (await hub.workflow(nodes))["source"]["urls"]["tracecat"]
        first = (await hub.post(url, {})).json()["wf_exec_id"]
        await receiver.until(1)
        second = (await hub.post(url, {})).json()["wf_exec_id"]
        assert (await hub.execution(first))["state"] == "running"
        assert (await hub.execution(second))["state"] == "queued"
        receiver.gate.set()
        assert (await hub.finished(first))["state"] == "succeeded"
        assert (await hub.finished(second))["state"] == "succeeded"
        assert receiver.most == 1
