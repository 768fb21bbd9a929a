"""Step 2: the checks that need no body, then the body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hub.inbound.http.arrival import Arrival
from hub.inbound.refusals import RequestRefused
from hub.inbound.steps.admit import admit
from hub.sdk.dialect import Refusal
from tests.inbound.probe import Steps, streamed


async def refused(steps: Steps, arrival: Arrival) -> Refusal:
    with pytest.raises(RequestRefused) as caught:
        await admit(steps.identified(arrival), steps.parts)
    return caught.value.refusal


async def test_the_body_is_read_byte_for_byte_and_the_request_is_as_sent(steps: Steps) -> None:
    url = (await steps.source())["urls"]["tracecat"] + "?a=%20b"
    arrival = steps.arrival(url, streamed(b'{"a"', b"", b": 1.0}"), headers=[("X-Two", "1"), ("X-Two", "2")])
    admitted = await admit(steps.identified(arrival), steps.parts)
    assert admitted.request.body == b'{"a": 1.0}'
    assert admitted.request.headers.all("x-two") == ("1", "2")
    assert admitted.request.url.endswith("?a=%20b")
    assert admitted.request.url.startswith(steps.parts.base_url)
    assert admitted.clock.seconds == steps.parts.request_seconds


@pytest.mark.parametrize(
    ("fields", "sent", "check", "status"),
    [
        ({"enabled": False}, {}, "enabled", 400),
        ({}, {"method": "PUT"}, "method", 405),
        ({"allowlist": ["203.0.113.0/24"]}, {}, "allowlist", 403),
        ({"allowlist": ["203.0.113.0/24"]}, {"client": "nonsense"}, "allowlist", 403),
        ({"max_body_bytes": 1}, {}, "body_size", 413),
    ],
)
async def test_each_check_refuses_with_its_own_status(
    steps: Steps, fields: dict[str, Any], sent: dict[str, Any], check: str, status: int
) -> None:
    url = (await steps.source(**fields))["urls"]["tracecat"]
    refusal = await refused(steps, steps.arrival(url, **sent))
    assert (refusal.step, refusal.check, refusal.status) == ("admit", check, status)


async def test_an_unpublished_workflow_is_refused_but_for_its_draft(steps: Steps) -> None:
    url = (await steps.hub.workflow(published=False))["source"]["urls"]["tracecat"]
    assert (await refused(steps, steps.arrival(url))).check == "unpublished"
    assert (await admit(steps.identified(steps.arrival(f"{url}/draft")), steps.parts)).request.body == b"{}"


async def test_a_source_whose_vendor_is_not_active_answers_503_before_all_else(steps: Steps) -> None:
    url = (await steps.probed(enabled=False))["urls"]["tracecat"]
    steps.parts.plugins.disable("probe")
    try:
        refusal = await refused(steps, steps.arrival(url))
    finally:
        steps.parts.plugins.enable("probe")
    assert (refusal.check, refusal.status, refusal.reason) == (
        "plugin",
        503,
        "the plugin of vendor probe is disabled",
    )


async def test_the_vendor_sets_clock_and_methods(steps: Steps) -> None:
    url = (await steps.probed())["urls"]["tracecat"]
    admitted = await admit(steps.identified(steps.arrival(url, method="GET")), steps.parts)
    assert admitted.identified.vendor is not None
    assert admitted.clock.seconds == admitted.identified.vendor.deadline


async def test_the_api_key_is_checked_and_is_a_stronger_proof_than_the_url(steps: Steps) -> None:
    source = await steps.source(max_body_bytes=10)
    key = (await steps.hub.api("POST", f"/api/sources/{source['id']}/api-key")).json()["api_key"]
    url, header = source["urls"]["tracecat"], "x-tracecat-api-key"
    for headers, why in (
        ([], "is missing"),
        ([(header, "wrong")], "matches no live key"),
        ([(header, key), (header, key)], "is given twice"),
    ):
        refusal = await refused(steps, steps.arrival(url, headers=headers))
        assert (refusal.check, refusal.status, refusal.reason.endswith(why)) == ("api_key", 401, True)
    admitted = await admit(steps.identified(steps.arrival(url, headers=[(header, key)])), steps.parts)
    slots = {one.id: one.slot for one in admitted.identified.source.secrets}
    assert [slots[one] for one in admitted.matched] == ["url", "api_key"]
    with pytest.raises(RequestRefused) as caught:
        await admit(steps.identified(steps.arrival(url, b"x" * 11, headers=[(header, key)])), steps.parts)
    assert caught.value.matched == admitted.matched


async def test_the_rate_limit_counts_what_comes_in_and_not_what_is_checked_again(steps: Steps) -> None:
    url = (await steps.source(rate_limit={"requests": 1, "per_seconds": 3600}))["urls"]["tracecat"]
    again = replace(steps.arrival(url), body=b"{}")
    for _ in range(3):
        await admit(steps.identified(again), steps.parts)
    await admit(steps.identified(steps.arrival(url)), steps.parts)
    refusal = await refused(steps, steps.arrival(url))
    assert (refusal.check, refusal.status) == ("rate_limit", 429)
    assert refusal.retry_after is not None


async def test_a_place_is_held_until_the_request_leaves(steps: Steps) -> None:
    url = (await steps.source(max_concurrent=1))["urls"]["tracecat"]
    first = steps.arrival(url)
    await admit(steps.identified(first), steps.parts)
    refusal = await refused(steps, steps.arrival(url))
    assert (refusal.check, refusal.status, refusal.retry_after) == ("concurrency", 429, 1)
    steps.parts.limits.leave(first.id)
    second = steps.arrival(url)
    await admit(steps.identified(second), steps.parts)
    steps.parts.limits.leave(second.id)


async def test_a_body_that_does_not_end_is_given_up(steps: Steps) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    url = (await steps.source())["urls"]["tracecat"]
    refusal = await refused(steps.with_parts(body_seconds=0.01), steps.arrival(url, endless))
    assert (refusal.check, refusal.status) == ("body_time", 408)


async def test_a_declared_length_over_the_cap_is_refused_before_a_byte_is_read(steps: Steps) -> None:
    def untouched() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")

    url = (await steps.source(max_body_bytes=3))["urls"]["tracecat"]
    refusal = await refused(steps, steps.arrival(url, untouched, headers=[("content-length", "4")]))
    assert refusal.check == "body_size"


async def test_a_sender_that_hangs_up_is_not_a_refusal(steps: Steps) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"{"
        raise ConnectionError("the sender hung up")

    arrival = steps.arrival((await steps.source())["urls"]["tracecat"], broken)
    with pytest.raises(ConnectionError):
        await admit(steps.identified(arrival), steps.parts)
