"""`hub_observe` hears of every change of state that it is promised, and of no payload and no secret."""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncIterator, Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, get_args

import pytest

import hub as hub_api
from hub import Drop, Event, Message, Record, hookimpl
from hub.inbound.dialects import CORE_DIALECTS
from hub.model.wire.record import RecordKind
from hub.plugins.host import Plugins
from hub.testing.live import LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS
from tests.acceptance.settling import written

PAYLOAD = "payload-that-nobody-hears"


class Ear:
    """Observes; drops what says so and stumbles over what says so."""

    def __init__(self) -> None:
        self.heard: list[Record] = []

    @hookimpl
    def hub_observe(self, record: Record) -> None:
        self.heard.append(record)

    @hookimpl
    def hub_event(self, event: Event) -> None:
        if event.data == {"do": "drop"}:
            raise Drop("not wanted")
        if event.data == {"do": "stumble"}:
            raise KeyError("stumbled")

    @hookimpl
    def hub_message(self, message: Message) -> None:
        if message.data == {"do": "drop"}:
            raise Drop("not wanted")

    def of(self, kind: RecordKind) -> list[tuple[str, str]]:
        """(state, reason) of the records of a kind, in the order in which they came."""
        return [(record.state, record.reason) for record in self.heard if record.kind == kind]


class Listening:
    """A hub with an ear and a second plugin."""

    def __init__(self, hub: LiveHub, ear: Ear, plugins: Plugins) -> None:
        self.hub = hub
        self.ear = ear
        self.plugins = plugins

    async def states(self, kind: RecordKind) -> list[str]:
        await self.plugins.observed()
        return [state for state, _ in self.ear.of(kind)]


@pytest.fixture
async def listening(tmp_path: Path) -> AsyncIterator[Listening]:
    module = types.ModuleType("hub_ear")
    ear = vars(module)["plugin"] = Ear()
    sys.modules["hub_ear"] = module
    points = [
        EntryPoint("ear", "hub_ear:plugin", "hub"),
        EntryPoint("cloudevents", "tests.vendors.examples.cloudevents:vendor", "hub"),
    ]
    plugins = Plugins(
        version=hub_api.__version__, entry_points=points, dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )
    async with live_hub(tmp_path / "data", plugins=plugins, egress_allow="127.0.0.0/8") as hub:
        yield Listening(hub, ear, plugins)
    del sys.modules["hub_ear"]


def waits(seconds: float = 0.01) -> Iterable[dict[str, Any]]:
    """Nodes of a workflow that rests in the store."""
    return [
        {"id": "rest", "action": "sleep", "with": {"seconds": seconds}},
        {"id": "last", "action": "transform", "needs": ["rest"], "with": {"value": 1}},
    ]


async def test_requests_and_events_are_told_whatever_becomes_of_them(listening: Listening) -> None:
    hub = listening.hub
    source = (await hub.workflow())["source"]
    url = source["urls"]["tracecat"]
    await hub.post(url, {"do": PAYLOAD})
    await hub.post(url, {"do": "drop"})
    await hub.post(url, {"do": "stumble"})
    await hub.post(url.rpartition("/")[0] + "/wrong-secret", {})
    await hub.send("PUT", url, b"{}")
    assert await listening.states("event") == ["accepted", "dropped", "held"]
    assert listening.ear.of("event")[1] == ("dropped", "not wanted")
    assert await listening.states("request") == ["accepted", "accepted", "accepted", "refused", "refused"]
    told = [record for record in listening.ear.heard if record.kind == "request"]
    assert {record.org for record in told} == {"default"}
    assert {record.detail["source"] for record in told} == {source["id"]}
    assert told[-1].detail["step"] == "admit"
    await written(hub)
    listed = (await hub.api("GET", "/api/requests")).json()["items"]
    assert {record.id for record in told} == {one["id"] for one in listed}
    assert PAYLOAD not in repr(listening.ear.heard)
    assert source["secret"] not in repr(listening.ear.heard)


async def test_a_handshake_a_duplicate_and_a_replay_are_told(listening: Listening) -> None:
    hub = listening.hub
    made = await hub.workflow(source={"vendor": "cloudevents", "signing_secrets": ["t"]})
    url = made["source"]["urls"]["tracecat"]
    headers = {"authorization": "Bearer t", "content-type": "application/cloudevents+json"}
    event = {"type": "order", "source": "/s", "id": "1", "data": {}}
    await hub.send("OPTIONS", url, b"", headers={"WebHook-Request-Origin": "example.com"})
    first = await hub.post(url, event, headers=headers)
    await hub.post(url, event, headers=headers)
    assert first.status == 200
    listed = (await hub.api("GET", "/api/requests")).json()["items"]
    accepted = next(one["id"] for one in listed if one["state"] == "accepted")
    await hub.api("POST", f"/api/requests/{accepted}/replay")
    assert await listening.states("request") == ["challenge", "accepted", "duplicate", "accepted"]
    assert await listening.states("event") == ["accepted", "accepted"]


async def test_executions_and_nodes_are_told_from_their_start_to_their_end(listening: Listening) -> None:
    made = await listening.hub.workflow(list(waits()))
    answer = await listening.hub.post(made["source"]["urls"]["tracecat_wait"], {})
    assert answer.status == 200
    states = await listening.states("execution")
    assert states[0] in ("queued", "running")
    assert "waiting" in states
    assert states[-1] == "succeeded"
    nodes = [(record.detail["node"], record.state) for record in listening.ear.heard if record.kind == "node"]
    assert nodes[0] == ("rest", "waiting")
    assert nodes[-1] == ("last", "succeeded")
    ids = {record.id for record in listening.ear.heard if record.kind == "node"}
    [execution] = {record.id for record in listening.ear.heard if record.kind == "execution"}
    assert ids == {f"{execution}/rest", f"{execution}/last"}


async def test_cancelling_and_trying_again_are_told(listening: Listening) -> None:
    hub = listening.hub
    made = await hub.workflow(list(waits(3_600)))
    await hub.post(made["source"]["urls"]["tracecat"], {})
    [execution] = (await hub.api("GET", "/api/executions")).json()["items"]
    assert (await hub.api("POST", f"/api/executions/{execution['id']}/cancel")).status == 200
    assert (await listening.states("execution"))[-1] == "cancelled"
    before = len(listening.ear.of("execution"))
    await hub.api("POST", f"/api/executions/{execution['id']}/retry")
    assert (await listening.states("execution"))[before] == "queued"


async def test_messages_and_deliveries_are_told(listening: Listening) -> None:
    hub = listening.hub
    made = await hub.workflow()
    await hub.api("POST", "/api/subscriptions", {"url": made["source"]["urls"]["tracecat"], "events": ["thing"]})
    await hub.api("POST", "/api/messages", {"type": "thing", "data": {"do": PAYLOAD}})
    await hub.api("POST", "/api/messages", {"type": "thing", "data": {"do": "drop"}})
    await hub.services.outbound.settled()
    assert await listening.states("message") == ["accepted", "dropped"]
    assert listening.ear.of("message")[1] == ("dropped", "not wanted")
    assert await listening.states("attempt") == ["succeeded"]
    assert await listening.states("delivery") == ["delivered"]


async def test_a_plugin_that_comes_or_goes_is_told(listening: Listening) -> None:
    await listening.hub.api("POST", "/api/plugins/cloudevents/disable")
    await listening.hub.api("POST", "/api/plugins/cloudevents/enable")
    assert await listening.states("plugin") == ["disabled", "active"]
    assert {(record.id, record.org) for record in listening.ear.heard} == {("cloudevents", "")}


def test_every_kind_has_its_test() -> None:
    told = {"request", "event", "execution", "node", "message", "attempt", "delivery", "plugin"}
    assert set(get_args(RecordKind)) == told
