"""What a plugin may add beside vendors does something: parsers, engines, stores, pages. Commands are in tests/cli."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import hub as hub_api
from hub import Panel, Registry, Reject, hookimpl
from hub.backends import EngineParts
from hub.engine.embedded import EmbeddedEngine
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.ports.store import Store
from hub.sdk.schemes.scheme import Covers
from hub.store.parts import StoreParts
from hub.store.sql.store import SqlStore
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS

CSV = {"Content-Type": "Text/CSV; charset=utf-8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Counting(EmbeddedEngine):
    """The core's engine, which counts what it is told to start."""

    def __init__(self, parts: EngineParts) -> None:
        super().__init__(**vars(parts))
        self.started = 0

    def start(self, executions: Any) -> None:
        self.started += len(executions)
        super().start(executions)


class Moody:
    """A scheme that signs and verifies, until it raises `mood`."""

    covers: Covers = "all"
    mood: BaseException | None = None

    def sign(self, _message: Any, _secrets: Any) -> dict[str, str]:
        if self.mood is not None:
            raise self.mood
        return {"x-moody": "signed"}

    def verify(self, _request: Any, _source: Any) -> Any:
        raise self.mood or Reject("not signed")


class Extras:
    """A plugin of everything but vendors."""

    def __init__(self) -> None:
        self.stores: list[StoreParts] = []
        self.scheme = Moody()
        self.page: Any = "<p>Queue: <b>3</b></p><script>alert(1)</script>"

    def csv(self, body: bytes) -> Any:
        text = body.decode()
        if text == "crash":
            raise KeyError("column")
        if text == "leave":
            raise SystemExit(1)
        if text == "odd":
            return object()
        return [line.split(",") for line in text.splitlines()]

    def store(self, parts: StoreParts) -> Store:
        self.stores.append(parts)
        return SqlStore(
            None, parts.data_dir, vault=parts.vault, blobs=parts.blobs, clock=parts.clock, owner=parts.owner
        )

    async def render(self) -> str:
        if isinstance(self.page, Exception):
            raise self.page
        page: str = self.page
        return page

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        registry.parser("text/csv", self.csv)
        registry.scheme("moody", self.scheme)
        registry.engine("counting", Counting)
        registry.store("memo", self.store)
        registry.panel(Panel("queue", "The queue", self.render))


@pytest.fixture
def extras() -> Iterator[Extras]:
    module = types.ModuleType("hub_extras")
    plugin = vars(module)["plugin"] = Extras()
    sys.modules["hub_extras"] = module
    yield plugin
    del sys.modules["hub_extras"]


@pytest.fixture
def plugins(extras: Extras) -> Plugins:
    point = EntryPoint("extras", "hub_extras:plugin", "hub")
    return Plugins(
        version=hub_api.__version__, entry_points=[point], dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )


async def fault(hub: LiveHub) -> str:
    """What operators are told of the plugin."""
    [one] = (await hub.api("GET", "/api/plugins")).json()["items"]
    return str(one["reason"])


async def test_a_parser_reads_bodies_of_its_media_type(tmp_path: Path, plugins: Plugins) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        url = (await hub.workflow())["source"]["urls"]["tracecat_wait"]
        answer = await hub.send("POST", url, b"a,b\nc,d", headers=CSV)
        assert answer.json()["value"] == [["a", "b"], ["c", "d"]]
        empty = await hub.send("POST", url, b"", headers=CSV)
        assert empty.json()["value"] is None
        await hub.api("POST", "/api/plugins/extras/disable")
        assert (await hub.send("POST", url, b"a,b\nc,d", headers=CSV)).status == 400


async def test_what_a_parser_cannot_read_is_refused_in_a_sentence(tmp_path: Path, plugins: Plugins) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        url = (await hub.workflow())["source"]["urls"]["tracecat"]
        for body in (b"\xff\xfe", b"odd"):
            answer = await hub.send("POST", url, body, headers=CSV)
            assert (answer.status, answer.json()) == (400, {"detail": "Invalid text/csv payload"})
        assert await fault(hub) == ""


@pytest.mark.parametrize("body", [b"crash", b"leave"])
async def test_a_parser_that_fails_holds_the_request_and_is_blamed(
    tmp_path: Path, plugins: Plugins, body: bytes
) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        url = (await hub.workflow())["source"]["urls"]["tracecat"]
        assert (await hub.send("POST", url, body, headers=CSV)).status == 200
        [held] = (await hub.api("GET", "/api/requests?state=held")).json()["items"]
        assert "plugin extras: failed in the parser of text/csv" in held["reason"]
        assert "the parser of text/csv" in await fault(hub)


async def test_the_engine_that_the_settings_name_runs_executions(tmp_path: Path, plugins: Plugins) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins, engine="counting") as hub:
        url = (await hub.workflow())["source"]["urls"]["tracecat_wait"]
        assert (await hub.post(url, {"n": 1})).status == 200
        engine = hub.services.engine
        assert isinstance(engine, Counting)
        assert engine.started == 1


async def test_an_engine_that_nobody_brings_stops_the_start(tmp_path: Path, plugins: Plugins) -> None:
    with pytest.raises(ValueError, match=r"HUB_ENGINE: .* 'temporal'; available: counting, embedded"):
        async with live_hub(tmp_path / "data", plugins=plugins, engine="temporal"):
            pass


async def test_a_store_is_made_for_urls_of_its_scheme(tmp_path: Path, plugins: Plugins, extras: Extras) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins, database_url="memo+fast://host/name") as hub:
        url = (await hub.workflow())["source"]["urls"]["tracecat"]
        assert (await hub.post(url, {"n": 1})).status == 200
    [parts] = extras.stores
    assert (parts.url, parts.data_dir) == ("memo+fast://host/name", tmp_path / "data")


async def test_a_page_is_shown_to_keys_that_manage_the_instance(tmp_path: Path, plugins: Plugins) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        empty = await hub.send("GET", "/panels/queue")
        assert (empty.status, b"The queue" in empty.body, b"Queue: " in empty.body) == (200, True, False)
        shown = await hub.send("POST", "/panels/queue", f"key={ADMIN_KEY}".encode(), headers=FORM)
        assert (shown.status, b"<p>Queue: <b>3</b></p>" in shown.body) == (200, True)
        assert ADMIN_KEY.encode() not in shown.body
        policy = shown.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        wrong = await hub.send("POST", "/panels/queue", b"key=wrong", headers=FORM)
        assert (wrong.status, b"Queue: " in wrong.body) == (401, False)
        viewer = (await hub.api("POST", "/api/keys", {"name": "v", "role": "viewer"})).json()["key"]
        assert (await hub.send("POST", "/panels/queue", f"key={viewer}".encode(), headers=FORM)).status == 403
        assert (await hub.send("GET", "/panels/nothing")).status == 404
        await hub.api("POST", "/api/plugins/extras/disable")
        assert (await hub.send("GET", "/panels/queue")).status == 404


@pytest.mark.parametrize("page", [RuntimeError("no connection"), b"bytes"])
async def test_a_page_that_fails_says_so_and_the_plugin_is_blamed(
    tmp_path: Path, plugins: Plugins, extras: Extras, page: Any
) -> None:
    extras.page = page
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        answer = await hub.send("POST", "/panels/queue", f"key={ADMIN_KEY}".encode(), headers=FORM)
        assert (answer.status, b"plugin extras: failed in the page queue" in answer.body) == (503, True)
        assert "the page queue" in await fault(hub)


async def test_an_error_in_a_vendors_read_is_shown_with_the_plugin(tmp_path: Path) -> None:
    def read(_request: Any, _source: Any) -> Any:
        raise KeyError("payload")

    module = types.ModuleType("hub_clumsy")
    vars(module)["vendor"] = hub_api.Vendor(
        name="clumsy", title="Clumsy", verify=hub_api.Token(header="x-token"), read=read
    )
    sys.modules["hub_clumsy"] = module
    point = EntryPoint("clumsy", "hub_clumsy:vendor", "hub")
    plugins = Plugins(
        version=hub_api.__version__, entry_points=[point], dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )
    try:
        async with live_hub(tmp_path / "data", plugins=plugins) as hub:
            workflow = await hub.workflow(source={"vendor": "clumsy", "signing_secrets": ["a-shared-secret"]})
            url = workflow["source"]["urls"]["tracecat"]
            answer = await hub.send("POST", url, b"{}", headers={"X-Token": "a-shared-secret"})
            assert answer.status < 300
            assert "read KeyError: 'payload' (failed once" in await fault(hub)
    finally:
        del sys.modules["hub_clumsy"]


@pytest.mark.parametrize("mood", [SystemExit(1), asyncio.CancelledError(), KeyboardInterrupt()])
async def test_a_scheme_that_wants_to_end_the_process_fails_what_it_was_asked_for(
    tmp_path: Path, plugins: Plugins, extras: Extras, mood: BaseException
) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins, egress_allow="127.0.0.0/8") as hub:
        wanted = {"url": hub.url + "/healthz", "events": ["a.b"], "scheme": "moody", "secret": "s" * 20}
        made = (await hub.api("POST", "/api/subscriptions", wanted)).json()
        extras.scheme.mood = mood
        path = f"/api/subscriptions/{made['id']}"
        verified = await hub.api("POST", f"{path}/verify", {"headers": {}, "body": ""})
        assert (verified.status, verified.json()["valid"]) == (200, False)
        tested = await hub.api("POST", f"{path}/test", {"event": "a.b"})
        assert (tested.status, tested.json()["error"]) == (
            200,
            "not sent: the scheme 'moody' could not sign: PluginError",
        )
        assert (await hub.api("POST", "/api/subscriptions", wanted)).status == 422
        assert (await hub.api("GET", "/healthz")).status == 200
