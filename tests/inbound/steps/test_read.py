"""Step 6: a body is read as events, by the bound vendor or else by the dialect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.inbound.refusals import RequestRefused
from hub.inbound.steps.read import read
from hub.model.json import dumps
from tests.inbound.probe import SECRET, Steps, failing, rejecting

TOKEN = [("x-token", SECRET)]
NDJSON = [("content-type", "application/x-ndjson")]


async def test_a_dialect_reads_one_event_or_one_per_line(steps: Steps) -> None:
    url = (await steps.source())["urls"]["tracecat"]
    one = await read(await steps.verified(steps.arrival(url, b'{"a": 1}')), steps.parts)
    assert [(event.type, event.data, event.id) for event in one.events] == [("webhook", {"a": 1}, None)]
    many = await read(await steps.verified(steps.arrival(url, b'{"a": 1}\n{"a": 2}\n', headers=NDJSON)), steps.parts)
    assert [event.data for event in many.events] == [{"a": 1}, {"a": 2}]
    assert many.parsed is not None
    assert many.parsed.whole == [{"a": 1}, {"a": 2}]


async def test_a_body_that_the_dialect_cannot_read_is_refused_in_its_words(steps: Steps) -> None:
    verified = await steps.verified(steps.arrival((await steps.source())["urls"]["tracecat"], b"{"))
    with pytest.raises(RequestRefused) as caught:
        await read(verified, steps.parts)
    refusal = caught.value.refusal
    assert (refusal.step, refusal.check, refusal.status, refusal.public) == (
        "read",
        "body",
        400,
        "Invalid json payload",
    )


async def test_a_vendor_reads_its_own_events(steps: Steps) -> None:
    body = dumps([{"type": "a.b", "id": "1"}, {"type": "c", "id": "2"}])
    url = (await steps.probed())["urls"]["tracecat"]
    verified = await steps.verified(steps.arrival(url, body, headers=TOKEN))
    has_read = await read(verified, steps.parts)
    assert [(event.type, event.id) for event in has_read.events] == [("a.b", "1"), ("c", "2")]
    assert has_read == await read(verified, steps.parts), "it is pure: a replay reads the same"


async def test_a_vendor_reads_what_the_dialect_cannot(steps: Steps) -> None:
    steps.probe.reader = lambda *_: []
    url = (await steps.probed())["urls"]["tracecat"]
    has_read = await read(await steps.verified(steps.arrival(url, b"\xff", headers=TOKEN)), steps.parts)
    assert (has_read.events, has_read.parsed, has_read.failure) == ((), None, "")


@pytest.mark.parametrize("reader", [failing, lambda *_: ["no event"], lambda *_: None])
async def test_a_vendor_that_fails_holds_the_request(steps: Steps, reader: Any) -> None:
    steps.probe.reader = reader
    url = (await steps.probed())["urls"]["tracecat"]
    has_read = await read(await steps.verified(steps.arrival(url, headers=TOKEN)), steps.parts)
    assert has_read.events == ()
    assert has_read.failure.startswith("plugin probe: failed in read")


async def test_a_vendor_may_reject_a_body(steps: Steps) -> None:
    steps.probe.reader = rejecting(422)
    verified = await steps.verified(steps.arrival((await steps.probed())["urls"]["tracecat"], headers=TOKEN))
    with pytest.raises(RequestRefused) as caught:
        await read(verified, steps.parts)
    assert (caught.value.refusal.check, caught.value.refusal.status) == ("body", 422)


async def test_a_vendor_named_in_the_url_must_be_installed_unless_a_replay_inherits_the_verdict(steps: Steps) -> None:
    verified = await steps.verified(steps.arrival((await steps.source())["urls"]["tracecat"] + "?vendor=nobody"))
    with pytest.raises(RequestRefused) as caught:
        await read(verified, steps.parts)
    assert caught.value.refusal.public == "Unsupported vendor: nobody. Supported vendors: probe"
    assert len((await read(replace(verified, origin="replay"), steps.parts)).events) == 1
