"""Event types, and whether data fits them."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from hub import Catalog, Registry, hookimpl
from hub.model.ids import new_id
from hub.model.stored.source import SourceRecord, SourceSpec
from hub.model.wire.event import Event
from hub.model.wire.event_type import EventType
from hub.plugins.host import Plugins
from tests.outbound.conftest import Rig, Rigs

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


class Declares:
    """A plugin with a catalog."""

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        """Two types: one that goes out, one with a schema that cannot be used."""
        registry.catalog(
            Catalog((
                EventType("made.order", "out", schema=NUMBER),
                EventType("made.broken", "out", schema={"$ref": "https://example.com/"}),
            ))
        )  # fmt: skip


declares = Declares()


def plugins() -> Plugins:
    made = Plugins(version="0.1.0", entry_points=[EntryPoint("made", f"{__name__}:declares", "hub")])
    made.load()
    return made


def source(rig: Rig) -> SourceRecord:
    return SourceRecord(rig.org, new_id(), None, SourceSpec(), (), 1, 0, 0)


async def test_an_operators_own_type_wins(rigs: Rigs) -> None:
    async with rigs(plugins=plugins()) as rig:
        catalog = rig.outbound.catalog
        assert await catalog.problems(rig.org, "made.order", {})
        await rig.store.outbound.put_event_type(rig.org, EventType("made.order", "out", summary="mine"))
        assert not await catalog.problems(rig.org, "made.order", {})
        listed = [each for each in catalog.types(rig.org, "out") if each.name == "made.order"]
        assert [each.summary for each in listed] == ["mine"]


async def test_a_schema_that_cannot_be_used_binds_nobody(rigs: Rigs) -> None:
    async with rigs(plugins=plugins()) as rig:
        assert await rig.outbound.catalog.problems(rig.org, "made.broken", 5) == ()
        assert await rig.outbound.catalog.problems(rig.org, "made.broken", 5) == ()


async def test_the_hubs_own_types_are_listed(rig: Rig) -> None:
    names = [each.name for each in rig.outbound.catalog.types(rig.org, "out")]
    assert {"hub.subscription.failing", "hub.subscription.disabled"} <= set(names)
    assert rig.outbound.catalog.types(rig.org, "in") == ()


async def test_what_comes_in_is_checked_against_types_that_come_in(rig: Rig) -> None:
    await rig.store.outbound.put_event_type(rig.org, EventType("order", "in", schema=NUMBER))
    fault: Any = rig.outbound.schema_fault
    assert (await fault(source(rig), Event("order", {"n": 1}))) == ""
    assert (await fault(source(rig), Event("order", {"n": "1"}))).startswith("/n: ")
    assert (await fault(source(rig), Event("order", b"bytes"))) == ""
    assert (await fault(source(rig), Event("unknown", {}))) == ""
