"""Step 4: a vendor answers an unsigned handshake; no execution starts."""

from __future__ import annotations

import pytest

from hub import Keep, Reply, Request, Source
from hub.errors import StaleSource
from hub.inbound.refusals import RequestRefused
from hub.inbound.steps.challenge import challenge
from hub.model.json import loads
from tests.inbound.probe import SECRET, Steps, failing, rejecting


def hello(request: Request, _source: Source) -> Reply | None:
    """The answer to `{"hello": …}`, None for anything else."""
    said = loads(request.body)
    return Reply(200, said["hello"], keep=(Keep("found", slot="extra"), Keep("forged"))) if "hello" in said else None


async def test_without_a_vendor_there_is_no_handshake(steps: Steps) -> None:
    guarded = await steps.guarded(steps.arrival((await steps.source())["urls"]["tracecat"]))
    challenged = await challenge(guarded, steps.parts)
    assert (challenged.admitted, challenged.context, challenged.reply) == (guarded.admitted, guarded.context, None)


async def test_a_handshake_is_answered_and_kept_and_fills_empty_slots_only(steps: Steps) -> None:
    steps.probe.handshake = hello
    source = await steps.probed()
    guarded = await steps.guarded(steps.arrival(source["urls"]["tracecat"], b'{"hello": "there"}'))
    challenged = await challenge(guarded, steps.parts)
    assert challenged.reply is not None
    assert challenged.reply.body == "there"
    identified = guarded.admitted.identified
    kept = await steps.parts.store.inbound.request(identified.source.org, identified.arrival.id)
    assert (kept.state, kept.step, kept.status) == ("challenge", "challenge", 200)
    texts = {one.slot: one.text for one in steps.record(identified).secrets if one.slot in {"extra", "signing"}}
    assert texts == {"extra": "found", "signing": SECRET}
    events = await steps.parts.store.inbound.events(kept.org, request=kept.id, limit=9)
    assert events.items == ()


async def test_an_ordinary_request_goes_on(steps: Steps) -> None:
    steps.probe.handshake = hello
    guarded = await steps.guarded(steps.arrival((await steps.probed())["urls"]["tracecat"]))
    challenged = await challenge(guarded, steps.parts)
    assert challenged.reply is None
    assert challenged.context is guarded.context


async def test_a_lent_vendor_answers_its_handshake_and_leaves_nothing_behind(steps: Steps) -> None:
    steps.probe.handshake = hello
    url = (await steps.source())["urls"]["tracecat"] + "?vendor=probe"
    shaken = await challenge(await steps.guarded(steps.arrival(url, b'{"hello": 1}')), steps.parts)
    assert shaken.reply is not None
    guarded = await steps.guarded(steps.arrival(url))
    assert guarded.context.settings is not None
    assert (await challenge(guarded, steps.parts)).context.settings is None


async def test_the_methods_of_a_lent_vendor_are_for_its_handshake(steps: Steps) -> None:
    steps.probe.handshake = hello
    url = (await steps.source())["urls"]["tracecat"] + "?vendor=probe"
    shaken = await challenge(await steps.guarded(steps.arrival(url, b'{"hello": 1}', method="GET")), steps.parts)
    assert shaken.reply is not None
    with pytest.raises(RequestRefused) as caught:
        await challenge(await steps.guarded(steps.arrival(url, method="GET")), steps.parts)
    assert (caught.value.refusal.check, caught.value.refusal.status) == ("method", 405)


async def test_a_vendor_may_reject_and_may_fail(steps: Steps) -> None:
    guarded = await steps.guarded(steps.arrival((await steps.probed())["urls"]["tracecat"]))
    for handshake, check, status in ((rejecting(403), "challenge", 403), (failing, "plugin", 503)):
        steps.probe.handshake = handshake
        with pytest.raises(RequestRefused) as caught:
            await challenge(guarded, steps.parts)
        refusal = caught.value.refusal
        assert (refusal.step, refusal.check, refusal.status) == ("challenge", check, status)


async def test_a_handshake_is_not_kept_when_the_source_has_changed(steps: Steps) -> None:
    steps.probe.handshake = hello
    source = await steps.probed()
    guarded = await steps.guarded(steps.arrival(source["urls"]["tracecat"], b'{"hello": 1}'))
    await steps.change(source, name="changed")
    with pytest.raises(StaleSource):
        await challenge(guarded, steps.parts)
    assert "extra" not in {one.slot for one in steps.record(guarded.admitted.identified).secrets}
