"""The event types that may be published or arrive, and whether data fits them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import structlog

from hub.errors import Invalid, Problem
from hub.model.event import Event
from hub.model.ids import Id
from hub.model.outbound import Direction, EventType
from hub.model.source import SourceRecord
from hub.outbound.operational import OPERATIONAL
from hub.plugins.host import Plugins
from hub.plugins.schemas import Schema, compiled_schema
from hub.ports.store.snapshot import Snapshot

__all__ = ["OutboundCatalog"]

log = structlog.get_logger(__name__)


class OutboundCatalog:
    """Looks event types up: an operator's own first, then those of active plugins, then the hub's.

    Args:
        plugins: What plugins declare.
        snapshot: The store's current snapshot.
    """

    def __init__(self, plugins: Plugins, snapshot: Callable[[], Snapshot]) -> None:
        self._plugins = plugins
        self._snapshot = snapshot
        self._unusable: set[tuple[str, str | None]] = set()

    def types(self, org: Id, direction: Direction | None = None) -> tuple[EventType, ...]:
        """Every event type that an org sees, its own first: one per name going out, one per vendor coming in."""
        seen: dict[tuple[str, str, str | None], EventType] = {}
        for each in (*self._snapshot().event_types.get(org, ()), *self._plugins.event_types(), *OPERATIONAL):
            if direction in (None, each.direction):
                seen.setdefault((each.name, each.direction, each.vendor if each.direction == "in" else None), each)
        return tuple(seen.values())

    def outgoing(self, org: Id, name: str) -> EventType | None:
        """The type of that name that is published, None when the catalog does not know it."""
        own = self._snapshot().event_types.get(org, ())
        return _named(own, name, "out") or _named((*self._plugins.event_types(), *OPERATIONAL), name, "out")

    async def problems(self, org: Id, name: str, data: Any) -> tuple[Problem, ...]:
        """Why data cannot be published under a name; pointers lead into `data`. Uncatalogued names take anything."""
        schema = await self._schema(self.outgoing(org, name))
        return () if schema is None else schema.problems(data)

    async def fault(self, source: SourceRecord, event: Event) -> str:
        """Why an event that came in does not fit its type, empty when it does or nothing is known of it."""
        own = self._snapshot().event_types.get(source.org, ())
        vendor = source.spec.vendor
        declared = self._plugins.event_types(vendor) if vendor else ()
        schema = await self._schema(_named(own, event.type, "in") or _named(declared, event.type, "in"))
        if schema is None or isinstance(event.data, bytes):
            return ""
        found = schema.problems(event.data)
        return "; ".join(f"{problem.pointer or '/'}: {problem.message}" for problem in found[:5])

    async def _schema(self, event_type: EventType | None) -> Schema | None:
        if event_type is None or event_type.schema is None:
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


def _named(types: Iterable[EventType], name: str, direction: Direction) -> EventType | None:
    return next((each for each in types if each.name == name and each.direction == direction), None)
