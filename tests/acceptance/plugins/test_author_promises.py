"""What authors are promised of a grant's nonce, slots that may stay empty, versions of a type, and logs."""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import BaseModel

import hub as hub_api
from hub import (
    Action,
    ActionContext,
    Catalog,
    Check,
    Credential,
    Event,
    EventType,
    Grant,
    HubHandle,
    Registry,
    Reject,
    Request,
    Source,
    Vendor,
    hookimpl,
)
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS
from tests.acceptance.settling import written

TOKEN = "token-that-nobody-logs"


def check(request: Request, source: Source) -> Grant:
    """A nonce in a header; with a secret in the slot `extra` a second header has to equal it."""
    for secret in source.secrets("extra"):
        if request.headers.get("x-extra", "").encode() != secret.value:
            raise Reject("the second header is wrong")
    return Grant(
        source.match(lambda one: one.value == request.headers["x-token"].encode()), once=request.headers["x-nonce"]
    )


def read(request: Request, source: Source) -> list[Event]:
    del source
    return [Event("order", request.json())]


def shaped(name: str, version: str) -> EventType:
    schema = {"type": "object", "properties": {name: {"type": "integer"}}, "required": [name]}
    return EventType("order", version=version, schema=schema, example={name: 1})


VENDOR = Vendor(
    name="author",
    title="Author",
    verify=Check(check, covers="none"),
    read=read,
    credentials=(Credential(), Credential(slot="extra", title="Second header", required=False)),
    catalog=Catalog((shaped("number", "1"), shaped("id", "2"))),
)


class Spoken(BaseModel):
    token: str


async def speak(given: Spoken, context: ActionContext) -> None:
    log = context.log
    log.debug("said", headers={"authorization": f"Bearer {given.token}"})
    event = f"said {given.token}"
    log.info(event, number=1)
    log.warning("said", error=ValueError(given.token))
    log.error("said", parts=[given.token], nothing=None)


class Author:
    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        registry.vendor(VENDOR)
        registry.action(Action(name="author.speak", input=Spoken, run=speak))

    @hookimpl
    @asynccontextmanager
    async def hub_lifespan(self, hub: HubHandle) -> AsyncIterator[None]:
        hub.log.info("open", url=hub.public_url, version=hub.version)
        yield
        hub.log.info("closed")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    module = types.ModuleType("hub_author")
    vars(module)["plugin"] = Author()
    sys.modules["hub_author"] = module
    plugins = Plugins(
        version=hub_api.__version__,
        entry_points=[EntryPoint("author", "hub_author:plugin", "hub")],
        dialects=CORE_DIALECTS,
        actions=CORE_ACTIONS.values(),
    )
    async with live_hub(tmp_path / "data", plugins=plugins) as running:
        yield running
    del sys.modules["hub_author"]


async def sent(hub: LiveHub, url: str, body: Any, nonce: str, **headers: str) -> Any:
    return await hub.post(url, body, headers={"X-Token": "t", "X-Nonce": nonce, **headers})


async def test_a_nonce_is_good_for_one_body(hub: LiveHub) -> None:
    url = (await hub.workflow(source={"vendor": "author", "signing_secrets": ["t"]}))["source"]["urls"]["tracecat"]
    first = await sent(hub, url, {"number": 1}, "n1")
    again = await sent(hub, url, {"number": 1}, "n1")
    assert (first.status, again.status) == (200, 200)
    assert again.json()["wf_exec_id"] == first.json()["wf_exec_id"]
    assert (await sent(hub, url, {"number": 2}, "n1")).status == 401
    assert (await sent(hub, url, {"number": 2}, "n2")).status == 200
    assert len((await hub.api("GET", "/api/executions")).json()["items"]) == 2
    await written(hub)
    states = [one["state"] for one in (await hub.api("GET", "/api/requests")).json()["items"]]
    assert sorted(states) == ["accepted", "accepted", "duplicate", "refused"]


async def test_a_slot_that_may_stay_empty_binds_once_it_is_filled(hub: LiveHub) -> None:
    source = (await hub.workflow(source={"vendor": "author", "signing_secrets": ["t"]}))["source"]
    assert (await sent(hub, source["urls"]["tracecat"], {}, "n1")).status == 200
    await hub.api("POST", f"/api/sources/{source['id']}/secrets", {"slot": "extra", "secret": "e"})
    assert (await sent(hub, source["urls"]["tracecat"], {}, "n2")).status == 401
    assert (await sent(hub, source["urls"]["tracecat"], {}, "n3", **{"X-Extra": "e"})).status == 200
    empty = (await hub.workflow(source={"vendor": "author"}))["source"]
    assert (await sent(hub, empty["urls"]["tracecat"], {}, "n1")).status == 401
    await written(hub)
    [refused] = (await hub.api("GET", f"/api/requests?source={empty['id']}")).json()["items"]
    assert refused["reason"] == "no live secret in slot 'signing': set the Signing secret on the source"


async def test_an_event_fits_its_type_when_it_fits_one_of_the_versions(hub: LiveHub) -> None:
    listed = (await hub.api("GET", "/api/event-types?vendor=author")).json()["items"]
    assert [(one["name"], one["version"]) for one in listed] == [("order", "1"), ("order", "2")]
    exported = (await hub.api("GET", "/api/event-types/openapi.json?direction=in")).json()["webhooks"]
    assert list(exported) == ["author/order", "author/order@2"]
    fields = {"vendor": "author", "signing_secrets": ["t"], "validate": "enforce"}
    url = (await hub.workflow(source=fields))["source"]["urls"]["tracecat"]
    assert (await sent(hub, url, {"number": 1}, "n1")).status == 200
    assert (await sent(hub, url, {"id": 1}, "n2")).status == 200
    assert (await sent(hub, url, {"id": "1"}, "n3")).status == 422
    assert (await sent(hub, url, {"id": 1, "more": 1}, "n4")).status == 200
    await hub.hub.drift.flush()
    drift = (await hub.api("GET", "/api/event-types/drift")).json()["items"]
    assert "unknown field /more" in [one["detail"] for one in drift]
    assert "unknown field /id" not in [one["detail"] for one in drift if one["count"] > 1]


async def test_the_log_of_an_action_holds_no_secret_of_a_connection(hub: LiveHub) -> None:
    await hub.api("POST", "/api/connections", {"name": "door", "values": {"token": TOKEN}})
    nodes = [{"id": "speak", "action": "author.speak", "with": {"token": "{{ connections.door.token }}"}}]
    url = (await hub.workflow(nodes))["source"]["urls"]["tracecat_wait"]
    with structlog.testing.capture_logs() as logs:
        answer = await hub.post(url, {})
    assert answer.status == 200, answer.body
    said = [line for line in logs if str(line["event"]).startswith("said")]
    assert [line["log_level"] for line in said] == ["debug", "info", "warning", "error"]
    assert {line["node"] for line in said} == {"speak"}
    assert said[1]["number"] == 1
    assert said[3]["nothing"] is None
    assert TOKEN not in repr(logs)


async def test_a_plugin_writes_into_the_hubs_log(tmp_path: Path, hub: LiveHub) -> None:
    del tmp_path
    with structlog.testing.capture_logs() as logs:
        await hub.api("POST", "/api/plugins/author/disable")
        await hub.services.plugins.settled()
        await hub.api("POST", "/api/plugins/author/enable")
        await hub.services.plugins.settled()
    opened = next(line for line in logs if line["event"] == "open")
    assert (opened["url"], opened["version"]) == (hub.services.base_url, hub_api.__version__)
    assert "closed" in [line["event"] for line in logs]
