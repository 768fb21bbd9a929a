"""Whatever goes wrong in one node or one workflow ends there: nothing runs for ever, nothing holds back the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.testing.clock import ManualClock
from hub.testing.live import LiveHub, live_hub

SAY = [{"id": "say", "action": "transform", "with": {"value": "{{ TRIGGER }}"}}]


async def sent(hub: LiveHub, workflow: dict[str, Any], value: Any) -> dict[str, Any]:
    answer = await hub.post(workflow["source"]["urls"]["tracecat"], value)
    assert answer.status == 200, answer.body
    assert answer.json()["wf_exec_id"], str((await hub.api("GET", "/api/events?limit=1")).json()["items"][0]["reason"])
    found: dict[str, Any] = await hub.finished(answer.json()["wf_exec_id"])
    return found


@pytest.mark.parametrize(
    "until", ["9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.5+00:00"]
)
async def test_a_sleep_to_the_end_of_the_calendar_fails_and_its_serial_key_is_free(hub: LiveHub, until: str) -> None:
    nodes = [{"id": "nap", "action": "sleep", "with": {"until": "{{ TRIGGER.until }}"}}]
    workflow = await hub.workflow(nodes, serial_key="{{ TRIGGER.key }}")
    first = await sent(hub, workflow, {"key": "k", "until": until})
    assert first["state"] == "failed"
    assert first["error"]["node"] == "nap"
    assert "end of the calendar" in first["error"]["message"]
    second = await sent(hub, workflow, {"key": "k", "until": "0001-01-01T00:00:00+14:00"})
    assert second["state"] == "succeeded"


@pytest.mark.parametrize("seconds", [1e300, 1e308])
async def test_a_sleep_of_any_length_ends_or_is_refused(hub: LiveHub, seconds: float) -> None:
    nodes = [{"id": "nap", "action": "sleep", "with": {"seconds": "{{ TRIGGER.seconds }}"}}]
    workflow = await hub.workflow(nodes, serial_key="TRIGGER.key")
    assert (await sent(hub, workflow, {"key": "k", "seconds": seconds}))["state"] == "failed"
    assert (await sent(hub, workflow, {"key": "k", "seconds": 0}))["state"] == "succeeded"


async def test_a_parent_hears_that_its_child_was_deleted(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock) as hub:
        child = await hub.workflow([{"id": "nap", "action": "sleep", "with": {"seconds": 1_000_000}}])
        parent = await hub.workflow(
            [{"id": "call", "action": "workflow.run", "with": {"workflow": child["id"], "data": {}, "wait": True}}]
        )
        answer = await hub.post(parent["source"]["urls"]["tracecat"], {})
        execution = answer.json()["wf_exec_id"]
        for _ in range(1_000):
            if (await hub.api("GET", f"/api/executions?workflow={child['id']}&state=waiting")).json()["items"]:
                break
        assert (await hub.api("DELETE", f"/api/workflows/{child['id']}")).status == 204
        clock.advance(601)
        finished = await hub.finished(execution)
        assert finished["state"] == "failed"
        assert "was cancelled" in finished["error"]["message"]


@pytest.mark.parametrize("faulty", ["filter", "serial key"])
async def test_one_workflows_fault_does_not_hold_the_event_for_the_others(hub: LiveHub, faulty: str) -> None:
    source = (await hub.api("POST", "/api/sources", {"open": True})).json()
    fine = await hub.workflow(SAY, triggers=[f"webhookId:{source['id']}"])
    kinds: dict[str, dict[str, Any]] = {
        "filter": {"triggers": [{"source": source["id"], "if": "{{ TRIGGER.missing.deeper }}"}]},
        "serial key": {"triggers": [f"webhookId:{source['id']}"], "serial_key": "{{ TRIGGER.missing }}"},
    }
    other = await hub.workflow(SAY, **kinds[faulty])
    answer = await hub.post(source["urls"]["vibeiq"], {"a": 1})
    assert answer.status == 200
    runs = (await hub.api("GET", f"/api/executions?workflow={fine['id']}")).json()["items"]
    assert len(runs) == 1
    assert (await hub.api("GET", f"/api/executions?workflow={other['id']}")).json()["items"] == []
    [event] = (await hub.api("GET", f"/api/events?source={source['id']}")).json()["items"]
    assert event["state"] == "accepted"
    assert f"workflow {other['id']} was not started" in event["reason"]


async def test_an_event_whose_only_workflow_is_faulty_is_held(hub: LiveHub) -> None:
    source = (await hub.api("POST", "/api/sources", {"open": True})).json()
    workflow = await hub.workflow(SAY, triggers=[{"source": source["id"], "if": "{{ TRIGGER.missing }}"}])
    assert (await hub.post(source["urls"]["vibeiq"], {"a": 1})).status == 200
    [event] = (await hub.api("GET", f"/api/events?source={source['id']}")).json()["items"]
    assert event["state"] == "held"
    assert workflow["id"] in event["reason"]
