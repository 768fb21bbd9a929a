"""Events to be accepted as rows, with their executions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hub.model.ids import Id
from hub.model.stored.inbound import EventRecord, NewEvent
from hub.model.turns import Turns
from hub.store.sql.bulk import NewRow
from hub.store.sql.documents import Documents, Packing
from hub.store.sql.executions.execution_rows import execution_row, node_row

__all__ = ["PreparedEvent", "prepare_events"]


class PreparedEvent(NamedTuple):
    """An event as rows. `key` is the row of `event_keys`, None for one that is never a duplicate.

    Attributes:
        nodes: The journals of those of its executions that are finished already.
    """

    id: Id
    row: NewRow
    key: NewRow | None
    executions: tuple[NewRow, ...]
    nodes: tuple[NewRow, ...] = ()

    @property
    def execution_ids(self) -> tuple[Id, ...]:
        """Ids of its executions, in order."""
        return tuple([row["id"] for row in self.executions])


async def prepare_events(documents: Documents, events: Sequence[NewEvent]) -> list[PreparedEvent]:
    """The rows of `events`; what is too large for a row is in the blob store when this returns.

    Others have their turns while there are many.
    """
    packing, turns = Packing(), Turns()
    prepared = []
    for event in events:
        if turns.over:
            await turns.give()
        prepared.append(_prepare(packing, event))
    return [await _put_large(documents, event) for event in prepared] if packing.large else prepared


async def _put_large(documents: Documents, event: PreparedEvent) -> PreparedEvent:
    put = documents.put_large
    return event._replace(
        row=await put(event.row["org"], event.row),
        executions=tuple([await put(row["org"], row) for row in event.executions]),
        nodes=tuple([await put(row["org"], row) for row in event.nodes]),
    )


def _prepare(packing: Packing, event: NewEvent) -> PreparedEvent:
    record = event.record
    org = record.org
    key = None
    if record.key is not None:
        key = {
            "org": org,
            "source": record.source,
            "account": record.account or "",
            "key": record.key,
            "event": record.id,
            "executions": b"".join([execution.id for execution in event.executions]),
        }
    rows = []
    nodes: list[NewRow] = []
    for execution in event.executions:
        rows.append(execution_row(packing, execution))
        if execution.finished is not None:
            nodes += [node_row(packing, org, execution.id, node) for node in execution.finished.nodes]
    return PreparedEvent(record.id, _event_row(packing, record), key, tuple(rows), tuple(nodes))


def _event_row(packing: Packing, record: EventRecord) -> NewRow:
    binary = isinstance(record.data, bytes)
    return {
        "org": record.org,
        "id": record.id,
        "source": record.source,
        "request": record.request,
        "type": record.type,
        "key": record.key,
        "account": record.account,
        "time": record.time,
        "received": record.received,
        "data": packing.bytes(record.data) if binary else packing.value(record.data),
        "binary": binary,
        "control": record.control,
        "state": record.state,
        "reason": record.reason,
    }
