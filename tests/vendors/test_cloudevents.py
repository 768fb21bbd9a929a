"""CloudEvents: the OPTIONS handshake of the HTTP webhook binding, and the three forms of an event."""

from __future__ import annotations

from hub import Recording
from hub.model.json import dumps, loads
from hub.testing import VendorContract
from tests.vendors.conftest import Serve
from tests.vendors.examples.cloudevents import vendor

TOKEN = "thrown-away"
BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "com.example.someevent",
    "ce-source": "/mycontext",
    "ce-id": "A234-1234-1234",
}
STRUCTURED = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "source": "/mycontext",
    "id": "B234-1234-1234",
    "time": "2026-04-05T17:31:00Z",
    "data": {"much": "wow"},
}


class TestContract(VendorContract):
    vendor = vendor
    recorded = (
        Recording(name="binary", event_types=("com.example.someevent",), headers=BINARY, body=b'{"much": "wow"}'),
        Recording(
            name="batch",
            event_types=("com.example.someevent",),
            headers={"content-type": "application/cloudevents-batch+json"},
            body=dumps([STRUCTURED, {**STRUCTURED, "id": "C"}]),
        ),
        Recording(
            name="handshake",
            method="OPTIONS",
            headers={"webhook-request-origin": "eventemitter.example.com"},
            verified=False,
            expect={"status": 200},
        ),
    )


async def test_the_handshake_names_the_origin_that_may_send(serve: Serve) -> None:
    async with serve("cloudevents", source={"signing_secrets": [TOKEN]}) as served:
        answer = await served.send(method="OPTIONS", headers={"WebHook-Request-Origin": "eventemitter.example.com"})
        assert answer.status == 200
        assert answer.headers["WebHook-Allowed-Origin"] == "eventemitter.example.com"
        assert (await served.send(method="OPTIONS")).status == 401


async def test_events_in_headers_alone_and_in_batches_start_workflows(serve: Serve) -> None:
    async with serve("cloudevents", source={"signing_secrets": [TOKEN]}) as served:
        token = {"authorization": f"Bearer {TOKEN}"}
        one = {**token, "content-type": "application/cloudevents+json"}
        several = {**token, "content-type": "application/cloudevents-batch+json"}
        for body, headers in (
            (b'{"much": "wow"}', {**BINARY, **token}),
            (dumps(STRUCTURED), one),
            (dumps([{**STRUCTURED, "id": "C"}, STRUCTURED]), several),
        ):
            assert (await served.send(body, headers)).status == 200
        expected = ["com.example.someevent", loads(b'{"much": "wow"}')]
        assert await served.results() == [expected] * 3, "the last one of the batch came before"
        assert (await served.send(b"{}", BINARY)).status == 401
