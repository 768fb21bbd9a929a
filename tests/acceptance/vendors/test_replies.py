"""An accepted event is never answered with an error, whatever its vendor's reply does."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import hub as hub_api
from hub import (
    Check,
    Event,
    Grant,
    Keep,
    Outcome,
    Registry,
    Reject,
    Reply,
    Request,
    Source,
    Unavailable,
    Vendor,
    hookimpl,
)
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS
from tests.acceptance.settling import written

SECRET = "secret-of-the-sender"
TOKEN = {"X-Token": SECRET}
PLAIN = "Workflow execution created"


def verified(request: Request, source: Source) -> Grant:
    return Grant(source.match(lambda one: one.value == request.headers["x-token"].encode()))


def raising(error: BaseException) -> Callable[..., Any]:
    def reply(*_: Any) -> Any:
        raise error

    return reply


def raising_later(error: BaseException) -> Callable[..., Any]:
    async def reply(*_: Any) -> Any:
        await asyncio.sleep(0)
        raise error

    return reply


async def hanging(*_: Any) -> Any:
    await asyncio.Event().wait()


async def stubborn(*_arguments: Any) -> Any:
    for _ in range(20):
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            continue
    return Reply(299)


async def cancelling(*_: Any) -> Any:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def fetching(_request: Request, source: Source, _outcome: Outcome) -> Any:
    await source.fetch("https://nobody.example.com/")


class OwnReply(Reply):
    def encoded(self) -> tuple[bytes, str | None]:
        raise RuntimeError("no body today")


def circle() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def given(value: Any) -> Callable[..., Any]:
    return lambda *_: value


def built(make: Callable[[], Any]) -> Callable[..., Any]:
    return lambda *_: make()


BAD: dict[str, Any] = {
    "raises": raising(KeyError("payload")),
    "raises-later": raising_later(KeyError("payload")),
    "rejects": raising(Reject("not for me", 403)),
    "unavailable": raising(Unavailable("later")),
    "exits": raising(SystemExit(3)),
    "exits-later": raising_later(SystemExit(3)),
    "interrupts": raising(KeyboardInterrupt()),
    "generator-exit": raising_later(GeneratorExit()),
    "cancelled": raising(asyncio.CancelledError()),
    "cancels-its-task": cancelling,
    "hangs": hanging,
    "ignores-cancellation": stubborn,
    "fetch-fails": fetching,
    "text": given("ok"),
    "number": given(200),
    "pair": given(({"ok": True}, 200)),
    "mapping": given({"status": 200}),
    "class": given(Reply),
    "status-0": built(lambda: Reply(0)),
    "status-999": built(lambda: Reply(999)),
    "status-text": built(lambda: Reply("200")),  # type: ignore[arg-type] # the fault in question
    "status-fraction": built(lambda: Reply(200.5)),  # type: ignore[arg-type] # the fault in question
    "status-503": given(Reply(503)),
    "status-500": given(Reply(500, "sorry")),
    "header-number": given(Reply(200, headers={"x-count": 1})),  # type: ignore[dict-item] # the fault in question
    "header-none": given(Reply(200, headers={"x-count": None})),  # type: ignore[dict-item] # the fault in question
    "header-name-number": given(Reply(200, headers={1: "a"})),  # type: ignore[dict-item] # the fault in question
    "header-name-space": given(Reply(200, headers={"x a": "a"})),
    "header-line-break": given(Reply(200, headers={"x-a": "a\r\nx-b: b"})),
    "header-not-latin": given(Reply(200, headers={"x-a": "\u65e5\u672c"})),
    "headers-list": given(Reply(200, headers=[("a", "b")])),  # type: ignore[arg-type] # the fault in question
    "headers-none": given(Reply(200, headers=None)),  # type: ignore[arg-type] # the fault in question
    "media-type-line-break": given(Reply(200, "a", media_type="text/plain\r\nx-a: b")),
    "media-type-number": given(Reply(200, "a", media_type=1)),  # type: ignore[arg-type] # the fault in question
    "body-object": given(Reply(200, object())),
    "body-nested-object": given(Reply(200, {"a": [object()]})),
    "body-circle": given(Reply(200, circle())),
    "body-half-pair": given(Reply(200, {"a": "\ud83d"})),
    "body-own-class": given(OwnReply(200, {"a": 1})),
    "keep-list": given(Reply(200, keep=[Keep("a")])),  # type: ignore[arg-type] # the fault in question
    "keep-text": given(Reply(200, keep=("a",))),  # type: ignore[arg-type] # the fault in question
    "keep-number": given(Reply(200, keep=(Keep(1),))),  # type: ignore[arg-type] # the fault in question
    "static-header": Reply(200, headers={"x-count": 1}),  # type: ignore[dict-item] # the fault in question
    "static-body": Reply(200, object()),
    "static-503": Reply(503),
}


@dataclass
class Author:
    """A plugin with one vendor for each fault."""

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        for name, reply in BAD.items():
            registry.vendor(vendor(f"bad-{name}", reply))


def vendor(name: str, reply: Any) -> Vendor:
    return Vendor(
        name=name,
        title=name,
        verify=Check(verified, covers="none"),
        read=lambda request, _source: [Event("order", request.json(), id=request.headers.get("x-id"))],
        reply=reply,
        hosts=("nobody.example.com",),
        deadline=0.4,
    )


def plugins_of(name: str, plugin: object) -> Plugins:
    module = types.ModuleType(f"hub_{name}")
    vars(module)["plugin"] = plugin
    sys.modules[f"hub_{name}"] = module
    return Plugins(
        version=hub_api.__version__,
        entry_points=[EntryPoint(name, f"hub_{name}:plugin", "hub")],
        dialects=CORE_DIALECTS,
        actions=CORE_ACTIONS.values(),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bad(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path_factory.mktemp("bad") / "data", plugins=plugins_of("bad", Author())) as hub:
        yield hub


async def record(hub: LiveHub, answer: Any) -> Any:
    await written(hub)
    return (await hub.api("GET", f"/api/requests/{answer.headers['X-Request-Id']}")).json()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", BAD)
async def test_a_bad_reply_gives_way_to_the_plain_success(bad: LiveHub, name: str) -> None:
    source = {"vendor": f"bad-{name}", "signing_secrets": [SECRET]}
    url = (await bad.workflow(source=source))["source"]["urls"]["tracecat"]
    for attempt in range(2):
        answer = await bad.send("POST", url, b'{"n": 1}', headers={**TOKEN, "X-Id": "once"})
        assert (answer.status, answer.json()["message"]) == (200, PLAIN), answer.body
        kept = await record(bad, answer)
        assert kept["state"] == ("duplicate" if attempt else "accepted")
        assert "plugin bad" in kept["reason"]
        assert "x-b" not in answer.headers
    shown = (await bad.api("GET", "/api/plugins")).json()
    assert "failed" in next(one for one in shown["items"] if one["name"] == "bad")["reason"]


@pytest.mark.asyncio(loop_scope="module")
async def test_settings_of_the_source_apply_to_the_plain_success(bad: LiveHub) -> None:
    source = {
        "vendor": "bad-raises",
        "signing_secrets": [SECRET],
        "response": {"status": 202, "headers": {"X-Own": "1"}},
    }
    url = (await bad.workflow(source=source))["source"]["urls"]["tracecat"]
    answer = await bad.send("POST", url, b"{}", headers=TOKEN)
    assert (answer.status, answer.headers["X-Own"]) == (202, "1")


class Keeper:
    """A plugin whose vendor's reply keeps a secret; a test may do something before it does."""

    def __init__(self) -> None:
        self.before: Callable[[], Awaitable[object]] | None = None

    async def _reply(self, *_: Any) -> Reply:
        if self.before is not None:
            await self.before()
        return Reply(299, keep=(Keep(SECRET),))

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        registry.vendor(vendor("keeper", self._reply))


async def test_a_secret_that_cannot_be_kept_is_not_acknowledged_by_the_vendor(tmp_path: Path) -> None:
    keeper = Keeper()
    async with live_hub(tmp_path, plugins=plugins_of("keeper", keeper)) as hub:
        source = (await hub.workflow(source={"vendor": "keeper", "signing_secrets": [SECRET]}))["source"]
        url = source["urls"]["tracecat"]
        assert (await hub.send("POST", url, b"{}", headers=TOKEN)).status == 299
        keeper.before = hub.services.store.stop
        answer = await hub.send("POST", url, b"{}", headers=TOKEN)
        assert (answer.status, answer.json()["message"]) == (200, PLAIN)
