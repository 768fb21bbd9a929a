"""A request that a plugin could not read, or an event that a hook failed on, is held and can be released in place."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import hub as hub_api
from hub import Event, Registry, Request, Source, Token, Vendor, hookimpl
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.clock import ManualClock
from hub.testing.live import LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS


class Moody:
    """A vendor that cannot read while `broken`, and a hook that fails on events of the types in `refusing`."""

    def __init__(self) -> None:
        self.broken = False
        self.refusing: set[str] = set()

    def read(self, request: Request, _source: Source) -> Sequence[Event]:
        if self.broken:
            raise KeyError("payload")
        return [Event(one["type"], one, id=one["id"]) for one in request.json()]

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        token = Token(header="authorization")
        registry.vendor(Vendor(name="moody", title="Moody", verify=token, read=self.read))

    @hookimpl
    def hub_event(self, event: Event) -> None:
        if event.type in self.refusing:
            raise RuntimeError("the index is down")


@pytest.fixture
def moody() -> Iterator[Moody]:
    module = types.ModuleType("hub_moody")
    plugin = vars(module)["plugin"] = Moody()
    sys.modules["hub_moody"] = module
    yield plugin
    del sys.modules["hub_moody"]


@pytest.fixture
def plugins(moody: Moody) -> Plugins:
    point = EntryPoint("moody", "hub_moody:plugin", "hub")
    return Plugins(
        version=hub_api.__version__, entry_points=[point], dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )


EVENTS = [{"type": "good", "id": "1"}, {"type": "bad", "id": "2"}]


async def send(hub: LiveHub, workflow: dict[str, Any]) -> str:
    """The id of the kept request; a sender of what is held is answered 2xx."""
    url = workflow["source"]["urls"]["tracecat"]
    answer = await hub.post(url, EVENTS, headers={"Authorization": "moody-secret"})
    assert answer.status == 200, answer.body
    return answer.headers["X-Request-Id"]


async def states(hub: LiveHub, workflow: dict[str, Any]) -> list[tuple[str, Any]]:
    items = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    return [(one["kind"], (await hub.finished(one["id"]))["result"]["id"]) for one in items][::-1]


async def test_what_could_not_be_read_is_released_once_it_can_be(
    tmp_path: Path, moody: Moody, plugins: Plugins
) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        workflow = await hub.workflow(source={"vendor": "moody", "signing_secrets": ["moody-secret"]})
        moody.broken = True
        request = await send(hub, workflow)
        [one] = (await hub.api("GET", "/api/requests?state=held")).json()["items"]
        assert (one["id"], "KeyError" in one["reason"]) == (request, True)
        still = await hub.api("POST", f"/api/requests/{request}/replay")
        assert (still.status, "still cannot be read" in still.json()["detail"]) == (409, True)
        moody.broken = False
        released = (await hub.api("POST", f"/api/requests/{request}/replay")).json()
        assert (released["id"], released["released"], released["replay_of"]) == (request, True, None)
        assert await states(hub, workflow) == [("webhook", "1"), ("webhook", "2")]
        assert (await hub.api("GET", f"/api/requests/{request}")).json()["state"] == "accepted"
        duplicate = await send(hub, workflow)
        assert len(await states(hub, workflow)) == 2
        again = (await hub.api("POST", f"/api/requests/{duplicate}/replay")).json()
        assert len(again["executions"]) == 2
        assert (await states(hub, workflow))[2:] == [("replay", "1"), ("replay", "2")]


async def test_of_parallel_replays_of_a_held_request_one_releases_it(
    tmp_path: Path, moody: Moody, plugins: Plugins
) -> None:
    """The others are answered the same, even those that come a moment later; a replay after that is a new one."""
    clock = ManualClock()
    async with live_hub(tmp_path / "data", plugins=plugins, clock=clock) as hub:
        workflow = await hub.workflow(source={"vendor": "moody", "signing_secrets": ["moody-secret"]})
        moody.broken = True
        request = await send(hub, workflow)
        moody.broken = False
        replays = [hub.api("POST", f"/api/requests/{request}/replay") for _ in range(20)]
        answers = await asyncio.gather(*replays)
        late = await hub.api("POST", f"/api/requests/{request}/replay")
        assert {answer.status for answer in (*answers, late)} == {202}
        assert len({answer.body for answer in (*answers, late)}) == 1
        assert (late.json()["released"], len(late.json()["executions"])) == (True, 2)
        assert await states(hub, workflow) == [("webhook", "1"), ("webhook", "2")]

        clock.advance(60)
        again = (await hub.api("POST", f"/api/requests/{request}/replay")).json()
        assert (again["released"], again["replay_of"], len(again["executions"])) == (False, request, 2)
        assert (await states(hub, workflow))[2:] == [("replay", "1"), ("replay", "2")]


async def test_a_release_that_holds_an_event_again_can_be_tried_again_at_once(
    tmp_path: Path, moody: Moody, plugins: Plugins
) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        workflow = await hub.workflow(source={"vendor": "moody", "signing_secrets": ["moody-secret"]})
        moody.refusing = {"bad"}
        request = await send(hub, workflow)
        first = (await hub.api("POST", f"/api/requests/{request}/replay")).json()
        assert (first["released"], first["executions"]) == (True, [])
        moody.refusing = set()
        second = (await hub.api("POST", f"/api/requests/{request}/replay")).json()
        assert (second["released"], len(second["executions"])) == (True, 1)
        assert await states(hub, workflow) == [("webhook", "1"), ("webhook", "2")]


async def test_an_event_that_a_hook_failed_on_is_released_alone(tmp_path: Path, moody: Moody, plugins: Plugins) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        workflow = await hub.workflow(source={"vendor": "moody", "signing_secrets": ["moody-secret"]})
        moody.refusing = {"bad"}
        request = await send(hub, workflow)
        kept = (await hub.api("GET", f"/api/requests/{request}")).json()
        assert [(event["type"], event["state"]) for event in kept["events"]] == [("good", "accepted"), ("bad", "held")]
        assert "the index is down" in kept["events"][1]["reason"]
        moody.refusing = set()
        released = (await hub.api("POST", f"/api/requests/{request}/replay")).json()
        assert (released["released"], len(released["executions"])) == (True, 1)
        assert await states(hub, workflow) == [("webhook", "1"), ("webhook", "2")]


async def test_held_requests_of_a_span_are_released_together(tmp_path: Path, moody: Moody, plugins: Plugins) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        workflow = await hub.workflow(source={"vendor": "moody", "signing_secrets": ["moody-secret"]})
        moody.broken = True
        await send(hub, workflow)
        body = {"state": "held", "since": "2020-01-01T00:00:00Z"}
        failed = await hub.api("POST", "/api/requests/replay", body)
        await hub.services.jobs.settled()
        job = (await hub.api("GET", f"/api/jobs/{failed.json()['id']}")).json()
        assert (job["state"], job["done"], job["failed"]) == ("done", 0, 1)
        moody.broken = False
        await hub.api("POST", "/api/requests/replay", body)
        await hub.services.jobs.settled()
        assert await states(hub, workflow) == [("webhook", "1"), ("webhook", "2")]
