"""Schema drift: what events hold that the catalog does not know, counted where a source validates."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

import structlog

from hub.errors import Invalid, StoreError
from hub.model.declared_types import declared_types
from hub.model.ids import Id
from hub.model.stored.drift import Drift
from hub.model.stored.source import SourceRecord
from hub.model.times import SECOND
from hub.model.wire.event import Event
from hub.model.wire.event_type import EventType
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.store import Store
from hub.schemas.compiled import compiled_schema
from hub.schemas.unknown import unknown_fields

__all__ = ["DriftCounter", "SchemaFault"]

SchemaFault = Callable[[SourceRecord, Event], Awaitable[str]]
"""Source and event -> why the event does not fit its schema; empty if it fits, or if no schema is known."""

_log = structlog.get_logger(__name__)
_INTERVAL = SECOND
_MAX_WAITING = 5_000
"""Different counts that wait to be written; while there are as many, no further one is begun."""
_INDEX = re.compile(r"/[0-9]+(?=/|$)")


class DriftCounter:
    """Counts in memory and writes once a second, so that no event waits for it.

    Args:
        plugins: For the event types that vendors declare.
        store: For those that operators declare; it keeps the counts.
        clock: Tells when something was seen.
        fault: Says what is wrong with an event.
    """

    def __init__(self, plugins: Plugins, store: Store, clock: Clock, fault: SchemaFault) -> None:
        self._plugins = plugins
        self._store = store
        self._clock = clock
        self._fault = fault
        self._seen: dict[tuple[Id, Id, str, str], Drift] = {}
        self._new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def check(self, source: SourceRecord, event: Event, request: Id) -> str:
        """Why the event does not fit its schema, empty if it does; what differs from the catalog is counted.

        Args:
            source: Where it came to.
            event: As it is after `hub_event`.
            request: The request that holds it.
        """
        reason = await self._fault(source, event)
        for detail in await self._details(source, event, bad=bool(reason)):
            self._note(source, event.type, detail, request)
        return reason

    async def start(self) -> None:
        """Start writing counts."""
        self._task = asyncio.create_task(self._run(), name="hub-drift")

    async def stop(self) -> None:
        """Stop, and write the counts that wait."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.flush()

    async def flush(self) -> None:
        """Write what was counted so far. If the store fails, the counts stay for the next time."""
        seen, self._seen = self._seen, {}
        self._new.clear()
        try:
            await self._store.drift.count(tuple(seen.values()))
        except StoreError as error:
            # Meanwhile the same things may have been counted again.
            for key, drift in seen.items():
                later = self._seen.get(key)
                self._seen[key] = (
                    drift if later is None else replace(later, count=drift.count + later.count, first=drift.first)
                )
            _log.warning("drift_not_counted", error=str(error))

    async def _run(self) -> None:
        while True:
            await self._new.wait()
            await self._clock.sleep_until(self._clock.now() + _INTERVAL)
            await self.flush()

    def _note(self, source: SourceRecord, type_: str, detail: str, request: Id) -> None:
        key = (source.org, source.id, type_[:200], detail)
        known = self._seen.get(key)
        if known is None and len(self._seen) >= _MAX_WAITING:
            return
        now = self._clock.now()
        first, count = (known.first, known.count + 1) if known is not None else (now, 1)
        self._seen[key] = Drift(*key, count=count, request=request, first=first, last=now)
        self._new.set()

    async def _details(self, source: SourceRecord, event: Event, *, bad: bool) -> Iterable[str]:
        """What differs from the catalog. Values are left out: they may be secrets, and no two events have the same."""
        declared, vendor_knows = self._declared(source, event.type)
        if not declared:
            return ("the catalog does not declare this type",) if vendor_knows else ()
        if isinstance(event.data, bytes):
            return ()
        # Data fits a type if it fits one of its versions, so it is compared with all and the nearest one is reported.
        several = len(declared) > 1
        found = [await self._differences(one, event.data, bad=bad or several) for one in declared]
        return min(found, key=len)

    async def _differences(self, declared: EventType, data: Any, *, bad: bool) -> tuple[str, ...]:
        if declared.schema is None:
            return ()
        try:
            schema = await compiled_schema(declared.schema)
        except Invalid:
            return ()
        wrong = (_INDEX.sub("/*", one) for one in (schema.differences(data) if bad else ()))
        unknown = (f"unknown field {one}" for one in unknown_fields(declared.schema, data))
        return tuple(dict.fromkeys((*wrong, *unknown)))

    def _declared(self, source: SourceRecord, name: str) -> tuple[tuple[EventType, ...], bool]:
        """The declarations of a type: the operator's own, else each version of the vendor's.

        Returns:
            The declarations, and whether the catalog declares anything for this source.
        """
        vendor = source.spec.vendor
        own = [one for one in self._store.snapshot.event_types.get(source.org, ()) if one.vendor == vendor]
        of_vendor = self._plugins.event_types(vendor) if vendor is not None else ()
        for types in (own, of_vendor):
            if found := declared_types(types, name, "in"):
                return found, True
        return (), bool(of_vendor)
