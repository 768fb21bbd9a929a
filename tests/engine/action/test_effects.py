"""What the core's actions leave to the engine: messages, and calls out by way of the context."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from hub.engine.action.context import idempotency_key
from hub.model.ids import read_id, write_id
from hub.model.wire.event_type import EventType
from tests.engine.conftest import Rig
from tests.narrowing import present


class Echo:
    """A server that says what it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: list[str | None] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        return web.json_response(
            {
                "method": request.method,
                "query": dict(request.query),
                "type": request.headers.get("Content-Type"),
                "body": (await request.read()).decode(),
                "authorization": request.headers.get("Authorization"),
            }
        )


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    found = Echo()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/x?a=1"
    yield found
    await runner.cleanup()


def call(**settings: Any) -> dict[str, Any]:
    return {"id": "a", "action": "probe.request", "with": {"output": settings}}


async def test_a_call_carries_the_idempotency_key_of_its_node(rig: Rig, echo: Echo) -> None:
    record = await rig.run(await rig.workflow(call(url=echo.url)))
    assert record.state == "succeeded", record.error
    assert echo.keys == [f"{write_id('exec', record.id)}/a"]
    assert idempotency_key(record.id, "a", 3) == f"{write_id('exec', record.id)}/a/3"


async def test_an_action_may_send_a_key_of_its_own(rig: Rig, echo: Echo) -> None:
    await rig.run(await rig.workflow(call(url=echo.url, headers={"idempotency-key": "own"})))
    assert echo.keys == ["own"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"json": {"x": 1}}, {"type": "application/json", "body": '{"x":1}'}),
        ({"data": {"x": "1 2"}}, {"type": "application/x-www-form-urlencoded", "body": "x=1+2"}),
        ({"params": {"b": "2"}}, {"query": {"a": "1", "b": "2"}, "body": ""}),
    ],
)
async def test_a_call_sends_json_forms_and_queries(
    rig: Rig, echo: Echo, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    record = await rig.run(await rig.workflow(call(url=echo.url, **settings)))
    assert {key: record.result[key] for key in expected} == expected


async def test_a_secret_that_the_other_side_says_back_is_masked(rig: Rig, echo: Echo) -> None:
    await rig.store.access.put_connection(rig.org, "api", "token", {"token": "tok-123456"})
    node = call(url=echo.url, headers={"Authorization": "Bearer {{ connections.api.token }}"})
    record = await rig.run(await rig.workflow(node))
    assert record.result["authorization"] == "Bearer ********"


async def test_a_refused_address_is_not_told_and_not_tried_again(rig: Rig) -> None:
    flow = await rig.workflow(call(url="http://10.0.0.1/") | {"retry": {}})
    record = await rig.run(flow)
    assert present(record.error).message == "address refused"


@pytest.mark.parametrize(
    "settings", [{"url": "{{ 'nonsense' }}"}, {"url": "http://127.0.0.1/", "headers": {"Host": "x"}}]
)
async def test_a_call_that_can_never_work_is_not_tried_again(rig: Rig, settings: dict[str, Any]) -> None:
    flow = await rig.workflow(call(**settings) | {"retry": {}})
    assert (await rig.run(flow)).state == "failed"


async def test_a_call_without_an_answer_is_tried_again(rig: Rig, unused_tcp_port: int) -> None:
    flow = await rig.workflow(call(url=f"http://127.0.0.1:{unused_tcp_port}/") | {"retry": {"initial_seconds": 60}})
    execution = await rig.begin(flow)
    await rig.until(execution, "waiting")
    assert "refused" in present((await rig.journal(execution))["a", -1].error)


async def test_publish_keeps_a_message_whose_id_is_the_output(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "p", "action": "publish", "with": {"type": "thing.done", "data": "{{ TRIGGER }}", "client": "c"}}
    )
    record = await rig.run(flow, {"n": 1})
    assert record.result["deliveries"] == 0
    message, _ = await rig.store.outbound.message(rig.org, present(read_id("msg", record.result["id"])))
    assert (message.type, message.data, message.client, message.origin) == ("thing.done", {"n": 1}, "c", "execution")
    assert message.idempotency_key == idempotency_key(record.id, "p", -1)


async def test_what_the_catalog_refuses_fails_the_node_with_the_reason(rig: Rig) -> None:
    schema = {"type": "object", "required": ["n"]}
    await rig.store.outbound.put_event_type(rig.org, EventType("thing.done", direction="out", schema=schema))
    flow = await rig.workflow({"id": "p", "retry": {}, "action": "publish", "with": {"type": "thing.done", "data": {}}})
    record = await rig.run(flow)
    assert present(record.error).node == "p"
    assert "n" in present(record.error).message
