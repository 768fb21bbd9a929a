"""The catalog: event types that are published or received, and whether data matches their schemas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog

from hub.errors import Invalid, Problem
from hub.model.declared_types import declared_types
from hub.model.ids import Id
from hub.model.stored.source import SourceRecord
from hub.model.wire.event import Event
from hub.model.wire.event_type import Direction, EventType
from hub.outbound.publish.operational import OPERATIONAL
from hub.plugins.host import Plugins
from hub.ports.store.snapshot import Snapshot
from hub.schemas.compiled import Schema, compiled_schema

__all__ = ["EventCatalog"]

log = structlog.get_logger(__name__)


class EventCatalog:
    """Finds event types: those of the org first, then those of active plugins, then those of the hub.

    Args:
        plugins: Declare event types.
        snapshot: The store's current snapshot.
    """

    def __init__(self, plugins: Plugins, snapshot: Callable[[], Snapshot]) -> None:
        self._plugins = plugins
        self._snapshot = snapshot
        self._unusable: set[tuple[str, str | None]] = set()

    def types(self, org: Id, direction: Direction | None = None) -> tuple[EventType, ...]:
        """All event types that an org can use, its own first.

        Of several declarations of one name only the first one counts; incoming types are told apart by vendor too. A
        plugin may declare several versions of a type: data matches the type if it matches one of them.
        """
        own = self._snapshot().event_types.get(org, ())
        found: list[EventType] = []
        declarers: dict[tuple[str, str, str | None], tuple[bool, str | None]] = {}
        for count, each in enumerate((*own, *self._plugins.event_types(), *OPERATIONAL)):
            declarer = (count < len(own), each.vendor)
            key = (each.name, each.direction, each.vendor if each.direction == "in" else None)
            if direction in (None, each.direction) and declarers.setdefault(key, declarer) == declarer:
                found.append(each)
        return tuple(found)

    def outgoing(self, org: Id, name: str) -> EventType | None:
        """The outgoing type of that name in its first version, None if the catalog does not have it."""
        return next(iter(self._outgoing(org, name)), None)

    def _outgoing(self, org: Id, name: str) -> tuple[EventType, ...]:
        own = self._snapshot().event_types.get(org, ())
        return declared_types(own, name, "out") or declared_types(
            (*self._plugins.event_types(), *OPERATIONAL), name, "out"
        )

    async def problems(self, org: Id, name: str, data: Any) -> tuple[Problem, ...]:
        """Why data cannot be published under a name; pointers lead into `data`. Unknown names accept any data."""
        return await self._problems(self._outgoing(org, name), data)

    async def fault(self, source: SourceRecord, event: Event) -> str:
        """Why an incoming event does not match its type; empty if it does, or if the catalog has no schema for it."""
        own = self._snapshot().event_types.get(source.org, ())
        vendor = source.spec.vendor
        declared = self._plugins.event_types(vendor) if vendor else ()
        if isinstance(event.data, bytes):
            return ""
        # A type that the org declared for another vendor, or for none, does not describe the events of this vendor.
        mine = [each for each in own if each.vendor == vendor]
        found = await self._problems(
            declared_types(mine, event.type, "in") or declared_types(declared, event.type, "in"), event.data
        )
        return "; ".join(f"{problem.pointer or '/'}: {problem.message}" for problem in found[:5])

    async def _problems(self, declared: Sequence[EventType], data: Any) -> tuple[Problem, ...]:
        """The problems with the first version, if the data matches no version."""
        first: tuple[Problem, ...] = ()
        for each in declared:
            schema = await self._schema(each)
            found = () if schema is None else schema.problems(data)
            if not found:
                return ()
            first = first or found
        return first

    async def _schema(self, event_type: EventType) -> Schema | None:
        if event_type.schema is None:
            return None
        try:
            return await compiled_schema(event_type.schema)
        except Invalid as error:
            known = (event_type.name, event_type.vendor)
            if known not in self._unusable:
                self._unusable.add(known)
                fault = error.problems[0].message if error.problems else error.detail
                log.warning("schema_unusable", type=event_type.name, vendor=event_type.vendor, fault=fault)
            return None
