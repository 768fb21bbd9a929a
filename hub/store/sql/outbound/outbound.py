"""The outbound registry and its log: `hub.ports.store.OutboundStore` in one piece."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from hub.errors import NotFound
from hub.model.ids import Id
from hub.model.json import dumps
from hub.model.wire.event_type import EventType
from hub.store.sql.outbound.deliveries import SqlDeliveries
from hub.store.sql.outbound.outbound_log import SqlOutboundLog
from hub.store.sql.outbound.subscriptions import SqlSubscriptions
from hub.store.sql.records import event_type_record
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import event_types
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlOutbound"]


class SqlOutbound(SqlSubscriptions, SqlDeliveries, SqlOutboundLog):
    """Implements `hub.ports.store.OutboundStore`."""

    def __init__(self, resources: SqlResources) -> None:
        SqlSubscriptions.__init__(self, resources)
        SqlDeliveries.__init__(self, resources)
        SqlOutboundLog.__init__(self, resources)

    async def put_event_type(self, org: Id, event_type: EventType) -> None:
        """See `hub.ports.store.OutboundStore.put_event_type`."""
        now = self._clock.now()
        row = {
            "org": org,
            "direction": event_type.direction,
            "name": event_type.name,
            "vendor": event_type.vendor,
            "version": event_type.version,
            "summary": event_type.summary,
            "schema": None if event_type.schema is None else dumps(event_type.schema),
            "example": None if event_type.example is None else dumps(event_type.example),
            "updated": now,
        }

        def work(transaction: Transaction) -> None:
            transaction.execute(delete(event_types).where(*_named(org, event_type.direction, event_type.name)))
            transaction.execute(insert(event_types), row)
            transaction.changed("event_type", org, org)

        await self._writer.run(Priority.JOURNAL, work)

    async def delete_event_type(self, org: Id, direction: str, name: str) -> None:
        """See `hub.ports.store.OutboundStore.delete_event_type`."""

        def work(transaction: Transaction) -> None:
            gone = transaction.execute(delete(event_types).where(*_named(org, direction, name)))
            if not gone.rowcount:
                raise NotFound("no such event type of this org's own")
            transaction.changed("event_type", org, org)

        await self._writer.run(Priority.JOURNAL, work)

    async def event_types(self, org: Id) -> tuple[EventType, ...]:
        """See `hub.ports.store.OutboundStore.event_types`."""
        rows = await self._database.rows(select(event_types).where(event_types.c.org == org))
        return tuple(event_type_record(row) for row in rows)


def _named(org: Id, direction: str, name: str) -> tuple[Any, ...]:
    return event_types.c.org == org, event_types.c.direction == direction, event_types.c.name == name
