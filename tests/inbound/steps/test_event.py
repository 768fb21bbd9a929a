"""Step 7: hooks, schemas and filters decide what an event starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub import Drop, Event
from hub.inbound.refusals import RequestRefused
from hub.inbound.steps.event import event
from hub.model.ids import new_id, write_id
from hub.model.json import dumps
from hub.testing.live import live_hub
from tests.inbound.probe import SECRET, Probe, Steps, failing

TOKEN = [("x-token", SECRET)]
NDJSON = [("content-type", "application/x-ndjson")]
SHAPED = {"name": "shaped", "direction": "in", "vendor": "probe", "schema": {"type": "object", "required": ["size"]}}


def dropping(_event: Event) -> Event:
    raise Drop("nobody wants it")


async def test_an_event_gets_an_execution_of_each_workflow_that_it_starts(steps: Steps) -> None:
    source = await steps.source(header_variable="heads", body_variable="text")
    listening = await steps.hub.workflow(triggers=[f"webhookId:{source['id']}"])
    arrival = steps.arrival(source["urls"]["tracecat"] + "?b=2", b'{"a": 1}', headers=[("X-One", "1")])
    prepared = await event(await steps.has_read(arrival), steps.parts)
    [one] = prepared.events
    assert (one.record.state, one.record.type, one.record.request) == ("accepted", "webhook", arrival.id)
    workflows = [write_id("wf", execution.workflow) for execution in one.executions]
    assert len(workflows) == 2
    assert workflows[1] == listening["id"]
    trigger = one.executions[0].trigger
    assert (trigger["data"], trigger["query"], trigger["headers"]) == ({"a": 1}, {"b": "2"}, {"x-one": "1"})
    assert trigger["variables"] == {"heads": {"x-one": "1"}, "text": {"a": 1}}
    assert (trigger["request"], trigger["event"]) == (write_id("req", arrival.id), write_id("evt", one.record.id))
    assert "body" not in trigger, "it is the same value as the data"
    assert (prepared.waits, prepared.responds) == (False, False)


async def test_the_account_of_the_grant_is_that_of_events_without_one(steps: Steps) -> None:
    steps.probe.reader = lambda *_: [Event("a", 1), Event("b", 2, account="other")]
    arrival = steps.arrival((await steps.probed())["urls"]["tracecat"], headers=TOKEN)
    prepared = await event(await steps.has_read(arrival), steps.parts)
    assert [one.record.account for one in prepared.events] == ["acme", "other"]


@pytest.mark.parametrize(
    ("hook", "state", "reason"),
    [
        (lambda one: replace(one, type="renamed"), "accepted", ""),
        (dropping, "dropped", "nobody wants it"),
        (failing, "held", "hub_event failed: KeyError"),
    ],
)
async def test_a_hook_changes_drops_or_fails_on_an_event(
    steps: Steps, hook: Callable[[Event], Event], state: str, reason: str
) -> None:
    steps.probe.on_event = hook
    arrival = steps.arrival((await steps.source())["urls"]["tracecat"])
    [one] = (await event(await steps.has_read(arrival), steps.parts)).events
    assert one.record.state == state
    assert reason in one.record.reason
    assert one.record.type == ("renamed" if state == "accepted" else "webhook")
    assert len(one.executions) == (1 if state == "accepted" else 0)


async def test_a_schema_that_is_enforced_refuses_the_whole_request(steps: Steps) -> None:
    assert (await steps.hub.api("POST", "/api/event-types", SHAPED)).status == 201
    body = dumps([{"type": "shaped", "size": 1}, {"type": "shaped"}])
    for validate, reason in (("warn", "size"), ("off", "")):
        url = (await steps.probed(validate=validate))["urls"]["tracecat"]
        prepared = await event(await steps.has_read(steps.arrival(url, body, headers=TOKEN)), steps.parts)
        assert [reason in one.record.reason for one in prepared.events] == [not reason, True]
    url = (await steps.probed(validate="enforce"))["urls"]["tracecat"]
    has_read = await steps.has_read(steps.arrival(url, body, headers=TOKEN))
    with pytest.raises(RequestRefused) as caught:
        await event(has_read, steps.parts)
    refusal = caught.value.refusal
    assert (refusal.check, refusal.status, refusal.public) == ("schema", 422, "Event does not fit its schema")


async def test_a_refused_request_keeps_no_slot(tmp_path: Path) -> None:
    nap = [{"id": "nap", "action": "sleep", "with": {"seconds": 3600}}]
    async with live_hub(tmp_path / "data", workers=2) as hub:
        steps = Steps(hub, Probe(), hub.services.pipeline._parts)
        failures = iter([False, True])

        async def second_does_not_fit(*_: Any) -> str:
            return "it does not fit" if next(failures) else ""

        workflow = await hub.workflow(nap, source={"validate": "enforce"})
        arrival = steps.arrival(workflow["source"]["urls"]["tracecat"], b"1\n2\n", headers=NDJSON)
        before = free_slots(steps)
        with pytest.raises(RequestRefused):
            await event(await steps.has_read(arrival), replace(steps.parts, schema_check=second_does_not_fit))
        assert free_slots(steps) == before > 0


def free_slots(steps: Steps) -> int:
    """How many executions could start now."""
    leases = []
    while (lease := steps.parts.engine.lease()) is not None:
        leases.append(lease)
    for lease in leases:
        steps.parts.engine.release(lease)
    return len(leases)


async def test_a_filter_that_fails_keeps_no_other_workflow_from_the_event(steps: Steps) -> None:
    source = await steps.source()
    triggers = [{"source": source["id"], "if": "{{ trigger.data.missing.deep }}"}]
    faulty = await steps.hub.workflow(triggers=triggers)
    [one] = (await event(await steps.has_read(steps.arrival(source["urls"]["tracecat"])), steps.parts)).events
    assert (one.record.state, len(one.executions)) == ("accepted", 1)
    assert f"workflow {faulty['id']} was not started" in one.record.reason


async def test_a_draft_runs_unpublished_and_is_never_a_duplicate(steps: Steps) -> None:
    steps.probe.reader = lambda *_: [Event("a", 1, id="key")]
    source = await steps.probed()
    url = source["urls"]["tracecat"]
    drafted = await event(await steps.has_read(steps.arrival(f"{url}/draft", headers=TOKEN)), steps.parts)
    live = await event(await steps.has_read(steps.arrival(url, headers=TOKEN)), steps.parts)
    assert [one.record.key for one in (*drafted.events, *live.events)] == [None, "key"]


async def test_a_replay_starts_linked_executions_without_a_duplicate_key(steps: Steps) -> None:
    steps.probe.reader = lambda *_: [Event("a", 1, id="key")]
    source = await steps.probed(response={"mode": "lastNode"})
    has_read = await steps.has_read(steps.arrival(source["urls"]["tracecat"], headers=TOKEN))
    workflow, first = has_read.verified.identified.workflow, new_id()
    assert workflow is not None
    replayed = replace(
        has_read, verified=replace(has_read.verified, origin="replay"), first_runs=({workflow.id: first},)
    )
    prepared = await event(replayed, steps.parts)
    [one] = prepared.events
    assert one.record.key is None
    assert [(run.kind, run.replay_of, run.finished) for run in one.executions] == [("replay", first, None)]
    assert not prepared.waits, "nobody waits for a replay"
    assert (await event(has_read, steps.parts)).waits


@pytest.mark.parametrize("body", [b"1\n" * 5, b'"' + b"x" * 17_000 + b'"'])
async def test_what_is_large_is_not_worked_out_before_it_is_accepted(steps: Steps, body: bytes) -> None:
    url = (await steps.source())["urls"]["tracecat"]
    prepared = await event(await steps.has_read(steps.arrival(url, body, headers=NDJSON)), steps.parts)
    runs = [run for one in prepared.events for run in one.executions]
    assert runs
    assert all(run.finished is None for run in runs)
    for run in runs:
        if run.lease is not None:
            steps.parts.engine.release(run.lease)
