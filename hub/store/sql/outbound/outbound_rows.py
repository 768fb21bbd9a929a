"""Rows of messages, deliveries and attempts, written from the values of `hub.model` and read into them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from hub.model.json import dumps, loads
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import Attempt, DeliveryRecord, MessageRecord
from hub.store.sql.bulk import NewRow
from hub.store.sql.documents import Packed

__all__ = [
    "UNFINISHED",
    "attempt_record",
    "attempt_row",
    "delivery_record",
    "delivery_row",
    "message_record",
    "message_row",
]

UNFINISHED = ("pending", "paused")
"""States in which a delivery is still to be sent."""


def message_row(message: MessageRecord, data: Packed, deliveries: int) -> NewRow:
    """The row of a message that has so many deliveries."""
    inline, ref = data
    return {
        "org": message.org,
        "id": message.id,
        "type": message.type,
        "data": inline,
        "data_ref": ref,
        "created": message.created,
        "client": message.client,
        "ordering_key": message.ordering_key,
        "idempotency_key": message.idempotency_key,
        "idempotency_digest": message.idempotency_digest,
        "origin": message.origin,
        "state": message.state,
        "reason": message.reason,
        "deliveries": deliveries,
    }


def message_record(row: Row[Any], data: Any = None) -> MessageRecord:
    """A message from its row; its data is unpacked by the caller."""
    return MessageRecord(
        org=row.org,
        id=row.id,
        type=row.type,
        data=data,
        created=row.created,
        client=row.client,
        ordering_key=row.ordering_key,
        idempotency_key=row.idempotency_key,
        idempotency_digest=row.idempotency_digest,
        origin=row.origin,
        state=row.state,
        reason=row.reason,
    )


def delivery_row(record: DeliveryRecord, form: int, taken: Lease | None, *, blocked: bool) -> NewRow:
    """The row of a new delivery.

    Args:
        record: The delivery.
        form: Which of its message's bodies it sends, -1 for none.
        taken: The lease that it starts with.
        blocked: Whether it is not to be sent now: finished, paused or behind another one of its ordering key.
    """
    ready = None if blocked else record.due if taken is None else taken.until
    finished = None if record.state in UNFINISHED else record.finished or record.created
    return {
        "sequence": record.sequence,
        "org": record.org,
        "id": record.id,
        "message": record.message,
        "subscription": record.subscription,
        "type": record.type,
        "state": record.state,
        "form": form,
        "ordering_key": record.ordering_key,
        "created": record.created,
        "due": record.due,
        "ready": ready,
        "owner": None if taken is None else taken.owner,
        "fence": 0 if taken is None else taken.fence,
        "crashes": record.crashes,
        "attempts": record.attempts,
        "tries": record.tries,
        "finished": finished,
        "error": record.error,
    }


def delivery_record(row: Row[Any], body: bytes | None = None, body_ref: str | None = None) -> DeliveryRecord:
    """A delivery from its row, with its body where the row was joined with it."""
    return DeliveryRecord(
        org=row.org,
        id=row.id,
        message=row.message,
        subscription=row.subscription,
        type=row.type,
        state=row.state,
        body=body or b"",
        created=row.created,
        ordering_key=row.ordering_key,
        sequence=row.sequence,
        due=row.due,
        attempts=row.attempts,
        finished=row.finished,
        error=row.error,
        crashes=row.crashes,
        tries=row.tries,
        body_ref=body_ref,
    )


def attempt_row(record: DeliveryRecord, attempt: Attempt) -> NewRow:
    """The row of an attempt to deliver `record`."""
    return {
        "org": record.org,
        "delivery": record.id,
        "number": attempt.number,
        "at": attempt.at,
        "address": attempt.address,
        "status": attempt.status,
        "duration_ms": attempt.duration_ms,
        "request_headers": dumps(attempt.request_headers),
        "response_headers": dumps(attempt.response_headers),
        "response_body": attempt.response_body,
        "error": attempt.error,
        "refused": attempt.refused,
    }


def attempt_record(row: Row[Any]) -> Attempt:
    """An attempt from its row."""
    return Attempt(
        number=row.number,
        at=row.at,
        address=row.address,
        status=row.status,
        duration_ms=row.duration_ms,
        request_headers=tuple((name, value) for name, value in loads(row.request_headers)),
        response_headers=tuple((name, value) for name, value in loads(row.response_headers)),
        response_body=row.response_body,
        error=row.error,
        refused=row.refused,
    )
