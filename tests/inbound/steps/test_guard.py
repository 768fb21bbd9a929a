"""Step 3: any plugin may veto, before the vendor is asked."""

from __future__ import annotations

import pytest

from hub import Request, Source
from hub.inbound.refusals import RequestRefused
from hub.inbound.steps.guard import guard
from tests.inbound.probe import Steps, failing, rejecting


async def test_without_a_veto_the_request_goes_on_with_its_source(steps: Steps) -> None:
    seen: list[tuple[Request, Source]] = []

    def look(request: Request, source: Source) -> None:
        seen.append((request, source))

    steps.probe.guard = look
    source = await steps.probed(settings={"greeting": "moin"})
    admitted = await steps.admitted(steps.arrival(source["urls"]["tracecat"]))
    guarded = await guard(admitted, steps.parts)
    assert guarded.admitted is admitted
    assert seen == [(admitted.request, guarded.context)]
    assert guarded.context.id == source["id"]
    assert guarded.context.settings.greeting == "moin"
    assert [secret.slot for secret in guarded.context.secrets()] == ["signing"]


async def test_a_source_without_a_vendor_has_no_settings_and_calls_nobody(steps: Steps) -> None:
    guarded = await guard(await steps.admitted(steps.arrival((await steps.source())["urls"]["tracecat"])), steps.parts)
    assert guarded.context.settings is None
    with pytest.raises(RuntimeError):
        await guarded.context.fetch("https://example.com/")


async def test_a_veto_refuses_with_the_plugins_status(steps: Steps) -> None:
    steps.probe.guard = rejecting(418)
    admitted = await steps.admitted(steps.arrival((await steps.source())["urls"]["tracecat"]))
    with pytest.raises(RequestRefused) as caught:
        await guard(admitted, steps.parts)
    refusal = caught.value.refusal
    assert (refusal.step, refusal.check, refusal.status, refusal.reason) == ("guard", "guard", 418, "the probe says no")


async def test_a_guard_that_fails_refuses_for_now_and_is_named(steps: Steps) -> None:
    steps.probe.guard = failing
    admitted = await steps.admitted(steps.arrival((await steps.source())["urls"]["tracecat"]))
    with pytest.raises(RequestRefused) as caught:
        await guard(admitted, steps.parts)
    refusal = caught.value.refusal
    assert (refusal.step, refusal.check, refusal.status) == ("guard", "plugin", 503)
    assert "plugin probe" in refusal.reason
    assert "KeyError" in refusal.reason
