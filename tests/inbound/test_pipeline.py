"""The nine steps together: the retry when a source changes meanwhile, and what is kept of a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import NotFound
from hub.inbound.http.arrival import Arrival, BodyStream
from hub.model.ids import new_id, write_id
from hub.model.stored.inbound import RequestRecord
from hub.model.wire.reply import Reply
from tests.acceptance.settling import written
from tests.inbound.probe import SECRET, Steps

API_KEY = "x-tracecat-api-key"


def meanwhile(change: Callable[[], Awaitable[object]], body: bytes = b"{}") -> BodyStream:
    """A body in the midst of which something changes."""

    async def stream() -> AsyncIterator[bytes]:
        yield body[:1]
        await change()
        yield body[1:]

    return stream


async def handled(steps: Steps, arrival: Arrival) -> Reply:
    return await steps.hub.services.pipeline.handle(arrival)


async def kept(steps: Steps, arrival: Arrival) -> RequestRecord:
    """What was kept of a request, once everything offered so far is written."""
    await asyncio.sleep(0)
    await written(steps.hub)
    org = steps.parts.store.snapshot.org_named("default")
    assert org is not None
    return await steps.parts.store.inbound.request(org.id, arrival.id)


async def test_a_request_is_accepted_on_the_source_as_it_has_become(steps: Steps) -> None:
    source = await steps.source()
    arrival = steps.arrival(source["urls"]["tracecat"], meanwhile(lambda: steps.change(source, name="renamed")))
    assert (await handled(steps, arrival)).status == 200
    record = await kept(steps, arrival)
    assert (record.state, record.body) == ("accepted", b"{}")


@pytest.mark.parametrize(
    ("fields", "status", "check"),
    [({"enabled": False}, 400, "disabled"), ({"allowlist": ["203.0.113.1"]}, 403, "allowlist")],
)
async def test_what_a_source_asks_for_meanwhile_is_checked_before_the_commit(
    steps: Steps, fields: dict[str, Any], status: int, check: str
) -> None:
    source = await steps.source()
    arrival = steps.arrival(source["urls"]["tracecat"], meanwhile(lambda: steps.change(source, **fields)))
    assert (await handled(steps, arrival)).status == status
    record = await kept(steps, arrival)
    assert (record.state, record.step, record.body) == ("refused", "admit", b"{}")
    assert check in record.reason


async def test_no_request_is_accepted_on_a_key_that_was_revoked_while_its_body_came_in(steps: Steps) -> None:
    source = await steps.source()
    path = f"/api/sources/{source['id']}/api-key"
    key = (await steps.hub.api("POST", path)).json()["api_key"]
    body = meanwhile(lambda: steps.hub.api("POST", f"{path}/revoke"))
    arrival = steps.arrival(source["urls"]["tracecat"], body, headers=[(API_KEY, key)])
    assert (await handled(steps, arrival)).status == 401
    record = await kept(steps, arrival)
    assert (record.state, record.step) == ("refused", "admit")
    assert record.reason == f"the API key in {API_KEY} matches no live key"


async def test_a_request_that_is_checked_again_counts_once(steps: Steps) -> None:
    source = await steps.source(rate_limit={"requests": 2, "per_seconds": 3600}, max_concurrent=1)
    url = source["urls"]["tracecat"]
    body = meanwhile(lambda: steps.change(source, name="renamed"))
    assert (await handled(steps, steps.arrival(url, body))).status == 200
    statuses = [(await handled(steps, steps.arrival(url))).status for _ in range(2)]
    assert statuses == [200, 429]


async def test_a_source_that_keeps_changing_ends_in_a_503_with_the_evidence_whole(steps: Steps) -> None:
    source = await steps.source()
    names = iter(["first", "second", "third"])

    async def change(*_: Any) -> None:
        await steps.change(source, name=next(names))

    steps.probe.guard = change
    arrival = steps.arrival(source["urls"]["tracecat"])
    answer = await handled(steps, arrival)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    record = await kept(steps, arrival)
    assert (record.state, record.step, record.body) == ("refused", "accept", b"{}")
    assert record.secret is not None


async def test_a_wrong_credential_is_shown_to_the_source_and_an_unknown_id_is_counted(steps: Steps) -> None:
    unkept = steps.hub.services.routes.unkept
    source = await steps.source()
    before = unkept.unknown_sources
    known = steps.arrival(source["urls"]["tracecat"] + "x")
    unknown = steps.arrival(f"/webhooks/{write_id('wf', new_id())}/secret")
    assert await handled(steps, known) == await handled(steps, unknown)
    record = await kept(steps, known)
    assert (record.step, record.secret) == ("identify", None)
    assert source["secret"] not in record.url
    with pytest.raises(NotFound):
        await kept(steps, unknown)
    assert unkept.unknown_sources == before + 1


async def test_a_refusal_after_the_body_keeps_body_and_secret(steps: Steps) -> None:
    source = await steps.source(hmac_secret="hmac-key")
    arrival = steps.arrival(source["urls"]["tracecat"], b'{"a": 1}')
    assert (await handled(steps, arrival)).status == 401
    record = await kept(steps, arrival)
    assert (record.step, record.body, record.size) == ("verify", b'{"a": 1}', 8)
    secret = next(one for one in steps.identified(arrival).source.secrets if one.slot == "url")
    assert record.secret == secret.id


async def test_a_refusal_by_the_vendor_is_sent_as_the_vendor_wants_it(steps: Steps) -> None:
    source = await steps.probed(allowlist=["203.0.113.1"])
    arrival = steps.arrival(source["urls"]["tracecat"], headers=[("x-token", SECRET)])
    assert (await handled(steps, arrival)).status == 451
    record = await kept(steps, arrival)
    assert (record.step, record.status) == ("admit", 451)
    assert SECRET not in str(record.headers)


async def test_an_unforeseen_error_is_a_503_that_names_its_step(steps: Steps) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    source = await steps.source()
    arrival = steps.arrival(source["urls"]["tracecat"])
    arrival = replace(arrival, dialect=replace(arrival.dialect, present=broken))
    assert (await handled(steps, arrival)).status == 503
    record = await kept(steps, arrival)
    assert (record.state, record.step, record.reason) == ("refused", "read", "internal error: ZeroDivisionError")


async def test_a_sender_that_hangs_up_frees_its_place(steps: Steps) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"{"
        raise ConnectionError("the sender hung up")

    url = (await steps.source(max_concurrent=1))["urls"]["tracecat"]
    with pytest.raises(ConnectionError):
        await handled(steps, steps.arrival(url, broken))
    assert (await handled(steps, steps.arrival(url))).status == 200
