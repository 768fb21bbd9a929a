"""The registry: what a plugin may add and under which names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import pytest
from pydantic import BaseModel

from hub.errors import PluginError
from hub.model.wire.event import Event
from hub.model.wire.event_type import EventType
from hub.model.wire.reply import Reply
from hub.model.wire.secret import Credential
from hub.plugins.entries import EntriesSnapshot
from hub.sdk.action import Action
from hub.sdk.catalog import Catalog
from hub.sdk.dialect import Dialect, DialectTarget, ParsedBody
from hub.sdk.registry import Panel, Registry, SchemeEntry, adds
from hub.sdk.schemes.hmac import Hmac
from hub.sdk.vendor import Vendor

SCHEME = Hmac(header="x-sig")


class Nothing(BaseModel):
    pass


async def run(_input: Nothing, _context: object) -> None:
    return None


async def render() -> str:
    return "<p>"


ACTION = Action(name="acme.do", input=Nothing, run=run)
DIALECT = Dialect(
    name="acme",
    title="Acme",
    routes=(),
    target=lambda params, query: DialectTarget(),
    slot=None,
    parse=lambda request: ParsedBody((None,)),
    accepted=lambda receipt: Reply(),
    refused=lambda refusal: Reply(400),
)


def vendor(name: str = "acme", **more: Any) -> Vendor:
    return Vendor(name=name, title=name, verify=SCHEME, read=lambda *_: [Event("a", 1)], **more)


ADDING: dict[str, Callable[[Registry], None]] = {
    "vendor": lambda registry: registry.vendor(vendor()),
    "scheme": lambda registry: registry.scheme("acme", SCHEME),
    "action": lambda registry: registry.action(ACTION),
    "parser": lambda registry: registry.parser("application/cbor", bytes.hex),
    "event_type": lambda registry: registry.catalog(Catalog((EventType("a"),))),
    "dialect": lambda registry: registry.dialect(DIALECT),
    "engine": lambda registry: registry.engine("temporal", dict),
    "store": lambda registry: registry.store("postgresql", dict),
    "command": lambda registry: registry.command(click.Command("acme")),
    "panel": lambda registry: registry.panel(Panel("acme", "Acme", render)),
}


@pytest.mark.parametrize("kind", ADDING)
def test_every_kind_is_staged_under_the_plugins_name_and_not_twice(kind: str) -> None:
    registry = Registry("acme")
    ADDING[kind](registry)
    with pytest.raises(PluginError, match=f"plugin acme: {kind} .* is registered twice"):
        ADDING[kind](registry)
    (entry,) = registry.close()
    assert (entry.kind, entry.plugin) == (kind, "acme")
    with pytest.raises(PluginError, match="is added too late"):
        ADDING[kind](registry)


def test_the_snapshot_holds_every_kind() -> None:
    registry = Registry("acme")
    for add in ADDING.values():
        add(registry)
    entries = registry.close()
    snapshot = EntriesSnapshot.of(entries, ())
    assert set(snapshot.vendors) == set(snapshot.schemes) == set(snapshot.panels) == set(snapshot.commands) == {"acme"}
    assert set(snapshot.owners.values()) == {"acme"}
    assert {kind for kind, _ in snapshot.owners} == {entry.kind for entry in entries}
    assert set(snapshot.actions) == {"acme.do"}
    assert snapshot.parsers["application/cbor"](b"\x01") == "01"
    assert snapshot.dialects == (DIALECT,)
    assert set(snapshot.engines) == {"temporal"}
    assert set(snapshot.stores) == {"postgresql"}
    assert snapshot.types == snapshot.types_of["acme"] == (EventType("a", vendor="acme"),)
    assert snapshot.hooks == {}
    assert dict(adds(entries))["event_type"] == ("a",)


def test_a_vendor_brings_its_catalog_and_actions() -> None:
    registry = Registry("acme")
    registry.vendor(vendor("acme-crm", catalog=Catalog((EventType("a"), EventType("b"))), actions=(ACTION,)))
    entries = registry.close()
    assert [(entry.kind, entry.key) for entry in entries][:2] == [("vendor", "acme-crm"), ("action", "acme.do")]
    assert EntriesSnapshot.of(entries, ()).types_of == {
        "acme-crm": (EventType("a", vendor="acme-crm"), EventType("b", vendor="acme-crm"))
    }


def test_a_scheme_has_a_credential() -> None:
    registry = Registry("acme")
    registry.scheme("a", SCHEME)
    registry.scheme("b", SCHEME, Credential(kind="hex"))
    assert [entry.value for entry in registry.close()] == [
        SchemeEntry(SCHEME, Credential()),
        SchemeEntry(SCHEME, Credential(kind="hex")),
    ]


NOTHING: Any = object()


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (lambda registry: registry.vendor(NOTHING), "takes a Vendor"),
        (lambda registry: registry.vendor(vendor("okta")), "must be named 'acme'"),
        (lambda registry: registry.vendor(vendor("acmecrm")), "must be named 'acme'"),
        (lambda registry: registry.scheme("acme", NOTHING), "has no verify and sign"),
        (lambda registry: registry.scheme("A cme", SCHEME), "not a name for a scheme"),
        (lambda registry: registry.action(Action(name="other.do", input=Nothing, run=run)), "must be named 'acme.…'"),
        (lambda registry: registry.parser("cbor", bytes.hex), "not a media type"),
        (lambda registry: registry.parser("a/b; c=d", bytes.hex), "not a media type"),
        (lambda registry: registry.parser("Application/JSON", bytes.hex), "read by the core"),
        (lambda registry: registry.engine("embedded", dict), "'embedded' is a name of the core"),
        (lambda registry: registry.store("sqlite", dict), "'sqlite' is a name of the core"),
        (lambda registry: registry.command(click.Command(None)), "not a name for a command"),
        (lambda registry: registry.panel(Panel("A/b", "", render)), "not a name for a panel"),
    ],
)
def test_what_is_not_the_plugins_to_give_is_refused(add: Callable[[Registry], None], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        add(Registry("acme"))
