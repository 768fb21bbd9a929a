"""Each of the six hooks, implemented by installed plugins: one test or more bears the name of every hook."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import structlog

from hub.errors import Drop, NotFound, PluginError, Reject, Unavailable
from hub.model.wire.event import Event
from hub.model.wire.message import Message
from hub.model.wire.record import Record
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.plugins.hooks import HookName
from hub.plugins.host import Plugins
from hub.sdk import hookspecs
from hub.sdk.context import Source
from hub.sdk.registry import Registry
from hub.sdk.schemes.hmac import Hmac

Install = Callable[..., Path]
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = Event("thing.made", {"n": 0})
MESSAGE = Message("msg_1", "thing.made", {"n": 0}, NEW_YEAR)
RECORD = Record("execution", "exec_1", "default", "failed", NEW_YEAR)


@dataclass
class Hub:
    """What plugins are given of the hub."""

    public_url: str = "https://hub.example"
    version: str = "0.1.0"
    log: Any = field(default_factory=structlog.get_logger)

    async def publish(self, type: str, data: Any, **_: Any) -> str:  # noqa: A002 - the name that the hub gives it
        return f"{type}:{data}"


def plugin(name: str, **hooks: Callable[..., Any]) -> SimpleNamespace:
    """An object with hooks, as an entry point may be one."""
    return SimpleNamespace(**{hook: hookspecs.hookimpl(function) for hook, function in hooks.items()}, name=name)


def guards(plugins: Plugins) -> bool:
    """Whether a guard is asked at the moment; a call, since it changes while the type checker thinks it cannot."""
    return plugins.has_guards


@pytest.fixture
def host(install: Install) -> Callable[..., Plugins]:
    """Plugins made of objects with hooks, each in a distribution of its own."""

    def make(*objects: SimpleNamespace, strict: bool = False) -> Plugins:
        for one in objects:
            install(f"hub-{one.name}", {one.name: f"hub_{one.name}:plugin"}, "")
            vars(importlib.import_module(f"hub_{one.name}"))["plugin"] = one
        plugins = Plugins(version="0.1.0", strict=strict)
        plugins.load()
        return plugins

    return make


def test_every_hook_has_a_test() -> None:
    tests = [name for name, _ in inspect.getmembers(sys.modules[__name__], inspect.isfunction)]
    specified = {name for name in dir(hookspecs) if hasattr(getattr(hookspecs, name), "hub_spec")}
    assert specified == set(get_args(HookName))
    for hook in sorted(specified):
        assert any(test.startswith(f"test_{hook}_") for test in tests), f"{hook} has no test"


def test_every_hook_is_documented_with_an_example_and_its_arguments() -> None:
    for hook in get_args(HookName):
        function = getattr(hookspecs, hook)
        text = inspect.getdoc(function) or ""
        assert "@hookimpl" in text
        assert f"def {hook}(" in text
        assert "Args:" in text
        for argument in inspect.signature(function).parameters:
            assert f"{argument}: " in text, f"{hook} does not describe {argument}"


# hub_register


def test_hub_register_adds_entries_under_the_plugins_name(host: Callable[..., Plugins]) -> None:
    def hub_register(registry: Registry) -> None:
        registry.scheme("acme", Hmac(header="x-acme"))

    plugins = host(plugin("acme", hub_register=hub_register), strict=True)
    assert plugins.scheme("acme") == Hmac(header="x-acme")
    assert plugins.scheme_credential("acme").kind == "text"
    assert "acme" in plugins.schemes
    plugins.disable("acme")
    assert plugins.scheme("acme") is None
    with pytest.raises(NotFound):
        plugins.scheme_credential("acme")
    plugins.enable("acme")
    assert plugins.scheme("acme") is not None


def test_hub_register_is_called_once_and_its_registry_closes(host: Callable[..., Plugins]) -> None:
    kept: list[Registry] = []

    def hub_register(registry: Registry) -> None:
        kept.append(registry)
        registry.scheme("acme", Hmac(header="x-acme"))

    plugins = host(plugin("acme", hub_register=hub_register))
    plugins.disable("acme")
    plugins.enable("acme")
    (registry,) = kept
    with pytest.raises(PluginError, match="is added too late"):
        registry.scheme("late", Hmac(header="x-late"))


# hub_guard


async def test_hub_guard_vetoes_with_its_status(
    host: Callable[..., Plugins], make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    def hub_guard(request: Request) -> None:
        if request.client == "203.0.113.7":
            raise Reject("blocked address", 403)

    plugins = host(plugin("fence", hub_guard=hub_guard))
    clock = RequestClock(10)
    await plugins.guard(make_request(client="198.51.100.1"), make_source(), clock)
    with pytest.raises(Reject, match="blocked address") as caught:
        await plugins.guard(make_request(), make_source(), clock)
    assert caught.value.status == 403
    assert clock.asking == "fence"


async def test_hub_guard_may_be_async_and_takes_the_arguments_it_names(
    host: Callable[..., Plugins], make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    seen: list[Any] = []

    async def both(source: Source, request: Request) -> None:
        seen.append((source.id, request.id))

    async def source_only(source: Source) -> None:
        seen.append(source.id)

    plugins = host(plugin("both", hub_guard=both), plugin("one", hub_guard=source_only))
    await plugins.guard(make_request(), make_source(), RequestClock(10))
    assert seen == [("src_1", "req_1"), "src_1"]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ValueError("oops"), "plugin fence: hub_guard failed: ValueError: oops"),
        (KeyError("a"), "plugin fence: hub_guard failed: KeyError"),
        (SystemExit(1), "plugin fence.*tried to end the process"),
        (Drop("no"), "plugin fence: hub_guard failed: Drop"),
        (TimeoutError("theirs"), "plugin fence: hub_guard failed: TimeoutError: theirs"),
        (asyncio.CancelledError(), "plugin fence.*cancelled the task"),
    ],
)
async def test_hub_guard_that_fails_leaves_the_request_undecided(
    host: Callable[..., Plugins],
    make_request: Callable[..., Request],
    make_source: Callable[..., Source],
    failure: BaseException,
    said: str,
) -> None:
    async def hub_guard(request: Request) -> None:
        raise failure

    plugins = host(plugin("fence", hub_guard=hub_guard))
    with pytest.raises(Unavailable, match=said) as caught:
        await plugins.guard(make_request(), make_source(), RequestClock(10))
    assert caught.value.status == 503


@pytest.mark.parametrize("given", [False, True, Reject("returned, not raised")])
async def test_hub_guard_that_returns_something_leaves_the_request_undecided(
    host: Callable[..., Plugins], make_request: Callable[..., Request], make_source: Callable[..., Source], given: Any
) -> None:
    plugins = host(plugin("fence", hub_guard=lambda request: given))
    with pytest.raises(Unavailable, match="it refuses by raising Reject"):
        await plugins.guard(make_request(), make_source(), RequestClock(10))


async def test_hub_guard_that_hangs_is_cut_off_and_named(
    host: Callable[..., Plugins], make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    cancelled = asyncio.Event()

    async def hub_guard(request: Request) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    plugins = host(plugin("slow", hub_guard=hub_guard), plugin("zlater", hub_guard=lambda request: None))
    clock = RequestClock(0.02)
    with pytest.raises(Unavailable, match=r"plugin slow did not answer within 0\.02 s"):
        await plugins.guard(make_request(), make_source(), clock)
    assert cancelled.is_set()
    assert clock.asking == "slow"
    with pytest.raises(Unavailable, match="plugin slow was not called"):
        await plugins.guard(make_request(), make_source(), clock)


async def test_hub_guard_is_asked_in_order_of_names_but_for_tryfirst_and_trylast(
    host: Callable[..., Plugins], make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    asked: list[str] = []

    def asking(name: str) -> Callable[[Request], None]:
        def hub_guard(request: Request) -> None:
            asked.append(name)

        return hub_guard

    first = SimpleNamespace(name="y", hub_guard=hookspecs.hookimpl(tryfirst=True)(asking("y")))
    last = SimpleNamespace(name="a", hub_guard=hookspecs.hookimpl(trylast=True)(asking("a")))
    plugins = host(first, last, plugin("c", hub_guard=asking("c")), plugin("b", hub_guard=asking("b")))
    await plugins.guard(make_request(), make_source(), RequestClock(10))
    assert asked == ["y", "b", "c", "a"]
    plugins.disable("b")
    plugins.enable("b")
    asked.clear()
    await plugins.guard(make_request(), make_source(), RequestClock(10))
    assert asked == ["y", "b", "c", "a"]


async def test_hub_guard_of_a_disabled_plugin_is_not_asked(
    host: Callable[..., Plugins], make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    def hub_guard(request: Request) -> None:
        raise Reject("always")

    plugins = host(plugin("fence", hub_guard=hub_guard))
    plugins.disable("fence")
    assert not guards(plugins)
    await plugins.guard(make_request(), make_source(), RequestClock(10))
    plugins.enable("fence")
    assert guards(plugins)
    with pytest.raises(Reject, match="always"):
        await plugins.guard(make_request(), make_source(), RequestClock(10))


# hub_event and hub_message


async def test_hub_event_is_handed_from_plugin_to_plugin(host: Callable[..., Plugins]) -> None:
    async def more(event: Event) -> Event:
        return replace(event, data={"n": event.data["n"] + 1})

    plugins = host(plugin("a", hub_event=more), plugin("b", hub_event=lambda event: None), plugin("c", hub_event=more))
    assert plugins.has_event_hooks
    assert (await plugins.event(EVENT, RequestClock(10))).data == {"n": 2}


async def test_hub_event_may_drop_an_event(host: Callable[..., Plugins]) -> None:
    def hub_event(event: Event) -> Event:
        raise Drop("noise")

    with pytest.raises(Drop, match="noise"):
        await host(plugin("a", hub_event=hub_event)).event(EVENT, RequestClock(10))


async def _fails(event: Event) -> Event:
    raise KeyError("n")


async def _hangs(event: Event) -> Event:
    await asyncio.get_running_loop().create_future()
    return event


@pytest.mark.parametrize(
    ("hub_event", "said"),
    [
        (_fails, "plugin a: hub_event failed: KeyError"),
        (_hangs, "plugin a: hub_event failed: Unanswered: plugin a did not answer"),
        (lambda event: {"type": "x"}, "plugin a: hub_event returned a dict instead of Event"),
    ],
)
async def test_hub_event_that_fails_hangs_or_gives_no_event_is_blamed(
    host: Callable[..., Plugins], hub_event: Callable[[Event], Any], said: str
) -> None:
    with pytest.raises(PluginError, match=said) as caught:
        await host(plugin("a", hub_event=hub_event)).event(EVENT, RequestClock(0.02))
    assert caught.value.plugin == "a"


async def test_hub_message_is_handed_from_plugin_to_plugin(host: Callable[..., Plugins]) -> None:
    def more(message: Message) -> Message:
        return replace(message, data={"n": message.data["n"] + 1})

    plugins = host(plugin("a", hub_message=more), plugin("b", hub_message=more))
    assert plugins.has_message_hooks
    assert (await plugins.message(MESSAGE, RequestClock(10))).data == {"n": 2}


async def test_hub_message_may_drop_a_message(host: Callable[..., Plugins]) -> None:
    def drop(message: Message) -> Message:
        raise Drop("test data")

    with pytest.raises(Drop, match="test data"):
        await host(plugin("a", hub_message=drop)).message(MESSAGE, RequestClock(10))


async def test_hub_message_that_gives_something_else_is_blamed(host: Callable[..., Plugins]) -> None:
    plugins = host(plugin("a", hub_message=lambda message: EVENT))
    with pytest.raises(PluginError, match="plugin a: hub_message returned a Event instead of Message"):
        await plugins.message(MESSAGE, RequestClock(10))


# hub_observe


async def test_hub_observe_sees_records_off_the_path(host: Callable[..., Plugins]) -> None:
    seen: list[str] = []

    async def later(record: Record) -> None:
        seen.append(f"async {record.id}")

    plugins = host(plugin("a", hub_observe=later), plugin("b", hub_observe=lambda record: seen.append(record.id)))
    plugins.observe(RECORD)
    await plugins.start(Hub())
    assert plugins.has_observers
    plugins.observe(RECORD)
    assert seen == []
    await plugins.observed()
    assert seen == ["async exec_1", "exec_1"]
    plugins.observe(RECORD)
    await plugins.stop()
    assert len(seen) == 4


async def test_hub_observe_is_suspended_after_repeated_failures_until_enabled(host: Callable[..., Plugins]) -> None:
    calls: list[str] = []
    well: list[str] = []
    healed = False

    def hub_observe(record: Record) -> None:
        calls.append(record.id)
        if not healed:
            raise ConnectionError("no pager")

    plugins = host(plugin("pager", hub_observe=hub_observe), plugin("well", hub_observe=lambda record: well.append("")))
    await plugins.start(Hub())
    for _ in range(8):
        plugins.observe(RECORD)
    await plugins.observed()
    assert len(calls) == 5
    assert len(well) == 8
    status = next(status for status in plugins.statuses() if status.name == "pager")
    assert status.status == "active"
    assert status.reason == "hub_observe is suspended after 5 failures: ConnectionError: no pager"
    healed = True
    plugins.enable("pager")
    plugins.observe(RECORD)
    await plugins.observed()
    assert len(calls) == 6
    assert next(status for status in plugins.statuses() if status.name == "pager").reason == ""
    await plugins.stop()


async def test_hub_observe_counts_failures_in_a_row_only(host: Callable[..., Plugins]) -> None:
    calls: list[str] = []

    def hub_observe(record: Record) -> None:
        calls.append(record.id)
        if len(calls) % 2:
            raise SystemExit(1)

    plugins = host(plugin("pager", hub_observe=hub_observe))
    await plugins.start(Hub())
    for _ in range(20):
        plugins.observe(RECORD)
    await plugins.stop()
    assert len(calls) == 20


# hub_lifespan


def living(name: str, log: list[str], *, failing: str = "") -> SimpleNamespace:
    @asynccontextmanager
    async def hub_lifespan(hub: Hub) -> AsyncIterator[None]:
        if failing == "start":
            raise ConnectionError("no database")
        log.append(f"{name} starts at {hub.public_url}")
        task = asyncio.current_task()
        yield
        log.append(f"{name} stops {'where it started' if asyncio.current_task() is task else 'elsewhere'}")
        if failing == "stop":
            raise ConnectionError("no farewell")

    return plugin(name, hub_lifespan=hub_lifespan, hub_guard=lambda request: None)


async def test_hub_lifespan_is_entered_in_order_and_left_in_reverse(host: Callable[..., Plugins]) -> None:
    log: list[str] = []
    plugins = host(living("a", log), living("b", log, failing="stop"))
    await plugins.start(Hub())
    assert log == ["a starts at https://hub.example", "b starts at https://hub.example"]
    await asyncio.create_task(plugins.stop())
    assert log[2:] == ["b stops where it started", "a stops where it started"]


async def test_hub_lifespan_that_fails_breaks_its_plugin_only(host: Callable[..., Plugins]) -> None:
    log: list[str] = []
    plugins = host(living("a", log, failing="start"), living("b", log))
    await plugins.start(Hub())
    reasons = {status.name: (status.status, status.reason) for status in plugins.statuses()}
    assert reasons["a"] == ("broken", "hub_lifespan failed to start: ConnectionError: no database")
    assert reasons["b"] == ("active", "")
    await plugins.stop()
    assert log == ["b starts at https://hub.example", "b stops where it started"]


async def test_hub_lifespan_that_fails_fails_a_strict_start_and_leaves_the_others(host: Callable[..., Plugins]) -> None:
    log: list[str] = []
    plugins = host(living("a", log), living("b", log, failing="start"), strict=True)
    with pytest.raises(PluginError, match="no database"):
        await plugins.start(Hub())
    assert log == ["a starts at https://hub.example", "a stops where it started"]


@pytest.mark.parametrize(
    ("lifespan", "said"),
    [
        (lambda hub: None, "mark it with @asynccontextmanager"),
        (lambda hub: sys.exit(2), "tried to end the process"),
        (asynccontextmanager(lambda hub: _ends_early()), "didn't yield"),
    ],
)
async def test_hub_lifespan_that_is_no_context_breaks_its_plugin(
    host: Callable[..., Plugins], lifespan: Any, said: str
) -> None:
    plugins = host(plugin("a", hub_lifespan=lifespan))
    await plugins.start(Hub())
    (status,) = [status for status in plugins.statuses() if status.name == "a"]
    assert status.status == "broken"
    assert said in status.reason
    await plugins.stop()


async def _ends_early() -> AsyncIterator[None]:
    nothing: tuple[None, ...] = ()
    for never in nothing:
        yield never


async def test_hub_lifespan_follows_disable_and_enable_while_the_hub_runs(host: Callable[..., Plugins]) -> None:
    log: list[str] = []
    plugins = host(living("a", log))
    await plugins.start(Hub())
    plugins.disable("a")
    assert not guards(plugins)
    await plugins.settled()
    assert log[-1] == "a stops where it started"
    plugins.enable("a")
    (status,) = [status for status in plugins.statuses() if status.name == "a"]
    assert (status.status, status.reason) == ("disabled", "starting")
    assert not guards(plugins)
    await plugins.settled()
    assert guards(plugins)
    assert log[-1] == "a starts at https://hub.example"
    plugins.disable("a")
    plugins.enable("a")
    plugins.disable("a")
    await plugins.settled()
    assert not guards(plugins)
    assert log[-1] == "a stops where it started"
    assert sum("starts" in line for line in log) == sum("stops" in line for line in log)
    await plugins.stop()


async def test_hub_lifespan_never_overlaps_itself(host: Callable[..., Plugins]) -> None:
    log: list[str] = []
    let_go, stopping = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def hub_lifespan(hub: Hub) -> AsyncIterator[None]:
        log.append("starts")
        yield
        stopping.set()
        await let_go.wait()
        log.append("stops")

    plugins = host(plugin("a", hub_lifespan=hub_lifespan, hub_guard=lambda request: None))
    await plugins.start(Hub())
    plugins.disable("a")
    await stopping.wait()
    for _ in range(3):
        plugins.enable("a")
        plugins.disable("a")
    plugins.enable("a")
    assert not guards(plugins)
    let_go.set()
    await plugins.settled()
    assert guards(plugins)
    assert log == ["starts", "stops", "starts"]
    await plugins.stop()
    assert log == ["starts", "stops", "starts", "stops"]


async def test_hub_lifespan_that_fails_at_enable_breaks_the_plugin(host: Callable[..., Plugins]) -> None:
    down = False

    @asynccontextmanager
    async def hub_lifespan(hub: Hub) -> AsyncIterator[None]:
        if down:
            raise ConnectionError("down")
        yield

    plugins = host(plugin("a", hub_lifespan=hub_lifespan))
    await plugins.start(Hub())
    plugins.disable("a")
    down = True
    plugins.enable("a")
    await plugins.settled()
    (status,) = [status for status in plugins.statuses() if status.name == "a"]
    assert (status.status, status.reason) == ("broken", "hub_lifespan failed to start: ConnectionError: down")
    down = False
    plugins.enable("a")
    await plugins.settled()
    assert [status.status for status in plugins.statuses() if status.name == "a"] == ["active"]
    await plugins.stop()
