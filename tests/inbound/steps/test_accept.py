"""Step 8: one transaction keeps everything of a request, or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub import Event
from hub.errors import NotFound, StaleSource
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import PreparedRequest
from hub.inbound.steps.accept import accept
from hub.inbound.steps.event import event
from hub.model.ids import new_id, write_id
from hub.testing.live import live_hub
from tests.acceptance.settling import written
from tests.inbound.probe import SECRET, Probe, Steps, failing
from tests.inbound.steps.test_event import free_slots

TOKEN = [("x-token", SECRET)]


def keyed(steps: Steps, key: str = "key") -> None:
    """The probe reads one event of that key."""
    steps.probe.reader = lambda *_: [Event("a", 1, id=key)]


async def prepared(steps: Steps, url: str, *headers: tuple[str, str], body: bytes = b"{}") -> PreparedRequest:
    return await steps.prepared(steps.arrival(url, body, headers=[*TOKEN, *headers]))


async def test_request_events_and_executions_are_there_at_once(steps: Steps) -> None:
    keyed(steps)
    ready = await prepared(steps, (await steps.probed())["urls"]["tracecat"])
    accepted = await accept(ready, steps.parts)
    [new] = ready.events
    org, store = new.record.org, steps.parts.store
    assert await store.inbound.request(org, new.record.request) == ready.read.verified.record
    assert await store.inbound.event(org, new.record.id) == new.record
    assert [one.execution for one in accepted.started] == [run.id for run in new.executions]
    [run] = await store.executions.of_request(org, new.record.request)
    assert (run.id, run.event) == (new.executions[0].id, new.record.id)
    assert not accepted.duplicate


async def test_the_second_of_two_starts_nothing_and_names_the_execution_of_the_first(steps: Steps) -> None:
    keyed(steps)
    url = (await steps.probed())["urls"]["tracecat"]
    first = await accept(await prepared(steps, url), steps.parts)
    ready = await prepared(steps, url)
    second = await accept(ready, steps.parts)
    assert (first.duplicate, second.duplicate) == (False, True)
    assert [one.execution for one in second.started] == [one.execution for one in first.started]
    record = ready.read.verified.record
    assert (await steps.parts.store.inbound.request(record.org, record.id)).state == "duplicate"


async def test_a_request_that_is_not_accepted_gives_its_slot_back(tmp_path: Path) -> None:
    nap = [{"id": "nap", "action": "sleep", "with": {"seconds": 3600}}]
    async with live_hub(tmp_path / "data", workers=3) as hub:
        steps = Steps(hub, Probe(), hub.services.pipeline._parts)
        source = (await hub.workflow(nap))["source"]
        before = free_slots(steps)
        ready = await steps.prepared(steps.arrival(source["urls"]["tracecat"]))
        assert free_slots(steps) == before - 1
        await steps.change(source, name="changed")
        with pytest.raises(StaleSource):
            await accept(ready, steps.parts)
        assert free_slots(steps) == before


async def test_a_duplicate_keeps_no_slot(steps: Steps) -> None:
    """Five events are too many to be worked out before they are accepted, so each is promised a slot if one is free."""
    steps.probe.reader = lambda *_: [Event("a", 1, id=f"key-{number}") for number in range(5)]
    url = (await steps.probed())["urls"]["tracecat"]
    first = await accept(await prepared(steps, url), steps.parts)
    for one in first.started:
        await steps.hub.finished(write_id("exec", one.execution))
    ready = await prepared(steps, url)
    leases = [run.lease for one in ready.events for run in one.executions if run.lease is not None]
    assert leases
    before = free_slots(steps)
    assert (await accept(ready, steps.parts)).duplicate
    assert free_slots(steps) >= before + len(leases)


async def test_a_nonce_counts_once_unless_the_body_is_the_same(steps: Steps) -> None:
    steps.probe.reader = lambda *_: [Event("a", 1)]
    url, nonce = (await steps.probed())["urls"]["tracecat"], ("x-nonce", "once")
    await accept(await prepared(steps, url, nonce), steps.parts)
    assert (await accept(await prepared(steps, url, nonce), steps.parts)).duplicate
    with pytest.raises(RequestRefused) as caught:
        await accept(await prepared(steps, url, nonce, body=b"[]"), steps.parts)
    refusal = caught.value.refusal
    assert (refusal.step, refusal.check, refusal.status) == ("accept", "nonce", 401)


async def test_nothing_is_kept_when_the_source_has_changed(steps: Steps) -> None:
    keyed(steps)
    source = await steps.probed()
    ready = await prepared(steps, source["urls"]["tracecat"])
    await steps.change(source, enabled=False)
    with pytest.raises(StaleSource):
        await accept(ready, steps.parts)
    record = ready.read.verified.record
    with pytest.raises(NotFound):
        await steps.parts.store.inbound.request(record.org, record.id)


async def test_what_could_not_be_read_is_held_and_may_be_released_in_place(steps: Steps) -> None:
    steps.probe.reader = failing
    source = await steps.probed()
    ready = await prepared(steps, source["urls"]["tracecat"])
    assert (await accept(ready, steps.parts)).started == ()
    record = ready.read.verified.record
    held = await steps.parts.store.inbound.request(record.org, record.id)
    assert (held.state, held.step) == ("held", "read")
    assert "KeyError" in held.reason
    verified = replace(ready.read.verified, origin="release", record=replace(held, state="accepted", reason=""))
    readable = replace(ready.read, verified=verified, events=(Event("a", 1),), failure="")
    released = await accept(await event(readable, steps.parts), steps.parts)
    assert len(released.started) == 1
    assert (await steps.parts.store.inbound.request(record.org, record.id)).state == "accepted"


async def test_the_secrets_that_matched_are_noted_as_used(steps: Steps) -> None:
    keyed(steps, new_id().hex())
    source = await steps.probed()
    await accept(await prepared(steps, source["urls"]["tracecat"]), steps.parts)
    await written(steps.hub)
    shown = (await steps.hub.api("GET", f"/api/sources/{source['id']}")).json()["credentials"]
    assert {one["slot"]: one["last_used"] is not None for one in shown} == {"url": True, "signing": True}
