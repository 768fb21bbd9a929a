"""How long a sender waits for a `respond` node: never longer than an answer can come, or its vendor waits."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
import pytest_asyncio

import hub as hub_api
from hub import Check, Event, Grant, Registry, Reply, Request, Source, Vendor, hookimpl
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS

SECRET = "secret-of-the-sender"
SLOW = {"id": "slow", "action": "sleep", "with": {"seconds": 3600}}
SAY = {"id": "say", "action": "respond", "with": {"status": 201, "body": "said"}}
AFTER_SLOW = SAY | {"needs": ["slow"]}
SOON = 10.0
"""Seconds: far less than the 300 that the hub would wait."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


def verified(request: Request, source: Source) -> Grant:
    return Grant(source.match(lambda one: one.value == request.headers["x-token"].encode()))


class Hasty:
    """A plugin with a vendor that waits for half a second."""

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        registry.vendor(
            Vendor(
                name="hasty",
                title="Hasty",
                verify=Check(verified, covers="none"),
                read=lambda request, _source: [Event("order", request.json())],
                reply=lambda *_: Reply(299, "thanks"),
                deadline=0.5,
            )
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveHub]:
    module = types.ModuleType("hub_hasty")
    vars(module)["plugin"] = Hasty()
    sys.modules["hub_hasty"] = module
    plugins = Plugins(
        version=hub_api.__version__,
        entry_points=[EntryPoint("hasty", "hub_hasty:plugin", "hub")],
        dialects=CORE_DIALECTS,
        actions=CORE_ACTIONS.values(),
    )
    async with live_hub(tmp_path_factory.mktemp("respond") / "data", plugins=plugins, wait_seconds=300) as running:
        yield running


async def soon(hub: LiveHub, url: str, **headers: str) -> Any:
    async with asyncio.timeout(SOON):
        return await hub.send("POST", url, b'{"n": 1}', headers=headers)


NO_ANSWER: dict[str, list[dict[str, Any]]] = {
    "skipped by its condition": [SLOW, SAY | {"if": "{{ TRIGGER.n == 2 }}"}],
    "skipped with its branch": [SLOW, {"id": "a", "action": "transform", "if": "{{ false }}", "with": {"value": 1}},
                                SAY | {"needs": ["a"]}],
    "its own failure": [SAY | {"with": {"body": "{{ TRIGGER.nothing.there }}"}}],
    "its own bad input": [SAY | {"with": {"status": "{{ TRIGGER.n }}"}}],
    "a failure before": [{"id": "a", "action": "fail", "with": {"message": "no"}}, SAY | {"needs": ["a"]}],
    "a failure beside": [SLOW, {"id": "a", "action": "fail", "with": {"message": "no"}}, AFTER_SLOW],
    "an empty list": [SLOW, SAY | {"for_each": "{{ [] }}"}],
    "all of several": [SLOW, SAY | {"if": "{{ false }}"}, SAY | {"id": "b", "if": "{{ TRIGGER.n > 1 }}"}],
}  # fmt: skip


@pytest.mark.parametrize("case", NO_ANSWER)
async def test_the_wait_ends_when_no_node_can_answer_any_more(hub: LiveHub, case: str) -> None:
    url = (await hub.workflow(NO_ANSWER[case]))["source"]["urls"]["tracecat"]
    answer = await soon(hub, url)
    assert (answer.status, answer.json()["message"]) == (200, "Workflow execution created")


async def test_the_wait_ends_when_the_execution_is_cancelled(hub: LiveHub) -> None:
    workflow = await hub.workflow([SLOW, AFTER_SLOW])
    sent = asyncio.ensure_future(soon(hub, workflow["source"]["urls"]["tracecat"]))
    items: list[Any] = []
    while not items:
        items = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    assert (await hub.api("POST", f"/api/executions/{items[0]['id']}/cancel")).status == 200
    assert (await sent).status == 200


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("path", ["tracecat", "tracecat_wait"])
async def test_of_several_executions_the_first_answer_counts(hub: LiveHub, order: int, path: str) -> None:
    flows: list[list[dict[str, Any]]] = [[SLOW, AFTER_SLOW], [SAY, SLOW]]
    owner = await hub.workflow(flows[order])
    await hub.workflow(flows[1 - order], triggers=[f"webhookId:{owner['source']['id']}"])
    answer = await soon(hub, owner["source"]["urls"][path])
    assert (answer.status, answer.body) == (201, b"said")


async def test_an_execution_that_cannot_answer_holds_nobody(hub: LiveHub) -> None:
    owner = await hub.workflow([SLOW])
    await hub.workflow([SAY | {"if": "{{ false }}"}, SLOW], triggers=[f"webhookId:{owner['source']['id']}"])
    assert (await soon(hub, owner["source"]["urls"]["tracecat"])).status == 200


@pytest.mark.parametrize(
    ("path", "mode", "expected"),
    [("tracecat", "minimal", 299), ("tracecat_wait", "minimal", 202), ("tracecat", "lastNode", 202)],
)
async def test_the_wait_ends_before_the_vendors_deadline(hub: LiveHub, path: str, mode: str, expected: int) -> None:
    source = {"vendor": "hasty", "signing_secrets": [SECRET], "response": {"mode": mode}}
    url = (await hub.workflow([SLOW, AFTER_SLOW], source=source))["source"]["urls"][path]
    assert (await soon(hub, url, **{"X-Token": SECRET})).status == expected


async def test_an_answer_in_time_goes_before_the_vendors_reply(hub: LiveHub) -> None:
    source = {"vendor": "hasty", "signing_secrets": [SECRET]}
    url = (await hub.workflow([SAY, SLOW], source=source))["source"]["urls"]["tracecat"]
    assert (await soon(hub, url, **{"X-Token": SECRET})).status == 201
