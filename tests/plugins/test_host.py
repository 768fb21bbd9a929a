"""Plugins: coming and going while the hub runs, and what callers look up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hub.errors import NotFound, PluginError
from hub.plugins.host import Plugins
from hub.sdk.action import Action
from hub.sdk.schemes.standard import CORE_SCHEMES

Install = Callable[..., Path]

ACME = """
    import click

    from hub import Action, Catalog, Event, EventType, Hmac, Panel, Vendor, hookimpl
    from pydantic import BaseModel

    class Nothing(BaseModel):
        pass

    async def run(given, context):
        return None

    async def render():
        return "<p>"

    vendor = Vendor(
        name="acme",
        title="Acme",
        verify=Hmac(header="x-sig"),
        read=lambda request, source: [Event("thing.made", request.json())],
        catalog=Catalog((EventType("thing.made"),)),
        actions=(Action(name="acme.do", input=Nothing, run=run),),
    )

    @hookimpl
    def hub_register(registry):
        registry.vendor(vendor)
        registry.scheme("acme", vendor.verify)
        registry.catalog(Catalog((EventType("thing.sent", direction="out"),)))
        registry.parser("application/cbor", bytes.hex)
        registry.engine("acme", dict)
        registry.store("acme", dict)
        registry.command(click.Command("acme"))
        registry.panel(Panel("acme", "Acme", render))
"""


class Nothing(BaseModel):
    pass


async def run(_input: Nothing, _context: object) -> None:
    return None


def load(**more: Any) -> Plugins:
    plugins = Plugins(version="0.1.0", **more)
    plugins.load()
    return plugins


def offered(plugins: Plugins) -> list[bool]:
    """Whether each kind of entry of the plugin `acme` is there."""
    return [
        plugins.vendor("acme") is not None,
        "acme" in plugins.vendors,
        plugins.scheme("acme") is not None,
        "acme" in plugins.schemes,
        "acme.do" in plugins.actions,
        bool(plugins.event_types("acme")),
        any(one.vendor == "acme" for one in plugins.event_types()),
        "application/cbor" in plugins.parsers,
        "acme" in plugins.engines,
        "acme" in plugins.stores,
        "acme" in plugins.commands,
        "acme" in plugins.panels,
        plugins.plugin_of("acme") == "acme",
    ]


def test_everything_a_plugin_adds_goes_and_comes_with_it(install: Install) -> None:
    install("hub-acme", {"acme": "hub_acme"}, ACME)
    plugins = load(strict=True)
    assert all(offered(plugins))
    assert {one.name for one in plugins.event_types("acme")} == {"thing.made", "thing.sent"}
    plugins.disable("acme")
    assert not any(offered(plugins))
    assert plugins.vendor_status("acme") == "disabled"
    plugins.enable("acme")
    plugins.enable("acme")
    assert all(offered(plugins))
    assert plugins.vendor_status("acme") == "active"


def test_the_core_offers_its_own_schemes_actions_and_dialects_without_plugins() -> None:
    action = Action(name="noop", input=Nothing, run=run)
    plugins = Plugins(version="0.1.0", entry_points=(), actions=(action,))
    assert dict(plugins.schemes) == dict(CORE_SCHEMES)
    assert plugins.actions == {"noop": action}
    assert plugins.dialects == ()
    assert plugins.scheme_credential("standard").kind == "whsec"
    assert plugins.scheme_credential("standard-ed25519").kind == "whsk"
    assert plugins.event_types() == plugins.event_types("acme") == ()
    has = (plugins.has_guards, plugins.has_event_hooks, plugins.has_message_hooks, plugins.has_observers)
    assert has == (False, False, False, False)


def test_what_is_not_there_is_not_found() -> None:
    plugins = Plugins(version="0.1.0", entry_points=())
    plugins.load()
    for ask in (plugins.enable, plugins.disable, plugins.recorded, plugins.scheme_credential):
        with pytest.raises(NotFound):
            ask("acme")


def test_a_plugin_disabled_at_the_start_is_imported_when_enabled(install: Install) -> None:
    install("hub-acme", {"acme": "hub_acme"}, ACME)
    plugins = Plugins(version="0.1.0")
    plugins.load(frozenset({"acme"}))
    assert not any(offered(plugins))
    plugins.enable("acme")
    assert all(offered(plugins))


def test_a_plugin_that_was_mended_can_be_enabled(install: Install) -> None:
    file = install("hub-acme", {"acme": "hub_acme"}, "raise RuntimeError('not yet')")
    plugins = load()
    plugins.enable("acme")
    assert plugins.vendor_status("acme") == "broken"
    file.write_text("import textwrap\n" + f"exec(textwrap.dedent({ACME!r}))")
    plugins.enable("acme")
    assert plugins.vendor_status("acme") == "active"


def test_a_name_taken_meanwhile_is_not_taken_back(install: Install) -> None:
    scheme = """
        from hub import Hmac, hookimpl

        @hookimpl
        def hub_register(registry):
            registry.scheme("shared", Hmac(header="x-sig"))
    """
    for name in ("one", "two"):
        install(f"hub-{name}", {name: f"hub_{name}"}, scheme)
    plugins = Plugins(version="0.1.0")
    plugins.load(frozenset({"one"}))
    plugins.enable("one")
    reasons = {status.name: (status.status, status.reason) for status in plugins.statuses()}
    assert reasons["one"] == ("broken", "scheme 'shared' is claimed by two too")
    assert reasons["two"] == ("active", "")
    plugins.disable("two")
    plugins.enable("one")
    assert plugins.scheme("shared") is not None


def test_a_lifespan_waits_for_the_hub_to_start(install: Install) -> None:
    install(
        "hub-acme",
        {"acme": "hub_acme"},
        """
        from contextlib import asynccontextmanager
        from hub import hookimpl

        @hookimpl
        @asynccontextmanager
        async def hub_lifespan(hub):
            yield
        """,
    )
    plugins = load()
    plugins.disable("acme")
    plugins.enable("acme")
    assert {status.name: status.status for status in plugins.statuses()}["acme"] == "active"


def test_recorded_requests_are_read_from_the_package_of_the_vendors_plugin(install: Install) -> None:
    file = install("hub-acme", {"acme": "hub_acme"}, ACME)
    folder = file.parent / "recorded"
    folder.mkdir()
    (folder / "made.json").write_text(json.dumps({"name": "made", "json": {"a": 1}}))
    plugins = load()
    assert [one.name for one in plugins.recorded("acme")] == ["made"]
    (folder / "broken.json").write_text("{")
    with pytest.raises(PluginError, match=r"plugin acme: broken\.json is not JSON"):
        plugins.recorded("acme")


async def test_a_plugin_is_asked_under_its_own_name_for_each_of_its_vendors(install: Install) -> None:
    from hub.plugins.clock import RequestClock

    install("hub-acme", {"acme": "hub_acme"}, ACME.replace('name="acme",', 'name="acme-crm",', 1))
    plugins = load(strict=True)
    clock = RequestClock(10)
    assert await plugins.ask("acme-crm", clock, lambda: 7) == 7
    assert clock.asking == "acme"
    plugins.disable("acme")
    assert plugins.vendor_status("acme-crm") == "disabled"
