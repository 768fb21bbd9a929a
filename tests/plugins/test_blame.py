"""Faults while the hub runs: remembered per plugin, shown as the reason, forgotten when it is enabled again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.errors import Drop, PluginError, Reject, Unavailable
from hub.model.wire.event import Event
from hub.model.wire.request import Request
from hub.plugins.blame import Faults
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.sdk.context import Source

Install = Callable[..., Path]

HOOKS = """
    import asyncio
    from hub import Drop, Reject, hookimpl

    @hookimpl
    async def hub_guard(request):
        if request.body == b"hang":
            await asyncio.get_running_loop().create_future()
        if request.body == b"odd":
            return True
        if request.body == b"refuse":
            raise Reject("not today", 403)

    @hookimpl
    def hub_event(event):
        if event.type == "drop":
            raise Drop("not wanted")
        if event.type == "odd":
            return {}
        if event.type == "fail":
            raise LookupError("no\\n  such   row")
"""


def started(install: Install) -> Plugins:
    install("hub-acme", {"acme": "hub_acme"}, HOOKS)
    install("hub-calm", {"calm": "hub_calm"}, HOOKS.replace("request.body", "None").replace("event.type", "None"))
    plugins = Plugins(version="0.1.0")
    plugins.load()
    return plugins


def reason(plugins: Plugins, name: str = "acme") -> str:
    return next(one.reason for one in plugins.statuses() if one.name == name)


async def test_a_guard_that_hangs_is_named_and_stays_active(
    install: Install, make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    plugins = started(install)
    with pytest.raises(Unavailable):
        await plugins.guard(make_request(b"hang"), make_source(), RequestClock(0.02))
    expected = r"hub_guard did not answer within 0\.02 s \(failed once, last at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)"
    assert re.fullmatch(expected, reason(plugins))
    assert reason(plugins, "calm") == ""
    assert {one.status for one in plugins.statuses() if one.name in ("acme", "calm")} == {"active"}


async def test_the_last_of_several_faults_is_shown_with_their_number(
    install: Install, make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    plugins = started(install)
    with pytest.raises(Unavailable):
        await plugins.guard(make_request(b"odd"), make_source(), RequestClock(10))
    assert reason(plugins).startswith("hub_guard returned bool: it refuses by raising Reject (failed once")
    with pytest.raises(PluginError):
        await plugins.event(Event("odd", {}), RequestClock(10))
    assert reason(plugins).startswith("hub_event returned a dict instead of Event (failed 2 times")
    with pytest.raises(PluginError):
        await plugins.event(Event("fail", {}), RequestClock(10))
    assert reason(plugins).startswith("hub_event LookupError: no such row (failed 3 times")


async def test_refusing_and_dropping_are_no_faults(
    install: Install, make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    plugins = started(install)
    with pytest.raises(Reject):
        await plugins.guard(make_request(b"refuse"), make_source(), RequestClock(10))
    with pytest.raises(Drop):
        await plugins.event(Event("drop", {}), RequestClock(10))
    assert reason(plugins) == ""


async def test_who_was_not_asked_for_want_of_time_is_not_blamed(
    install: Install, make_request: Callable[..., Request], make_source: Callable[..., Source]
) -> None:
    plugins = started(install)
    clock = RequestClock(0.0)
    with pytest.raises(Unavailable, match="was not called"):
        await plugins.guard(make_request(), make_source(), clock)
    assert reason(plugins) == ""


async def test_a_function_of_a_vendor_that_fails_is_named(install: Install) -> None:
    def read_settings() -> None:
        raise KeyError("tenant")

    plugins = started(install)
    with pytest.raises(KeyError):
        await plugins.ask("acme", RequestClock(10), read_settings)
    assert "read_settings KeyError: 'tenant'" in reason(plugins)


async def test_enabling_forgets(install: Install) -> None:
    plugins = started(install)
    with pytest.raises(PluginError):
        await plugins.event(Event("fail", {}), RequestClock(10))
    plugins.enable("acme")
    assert reason(plugins) == ""


def test_a_long_error_is_shortened() -> None:
    faults = Faults()
    faults.note("acme", "hub_guard", "x" * 10_000)
    assert len(faults.remark("acme")) < 400
    faults.forget("acme")
    assert faults.remark("acme") == ""
