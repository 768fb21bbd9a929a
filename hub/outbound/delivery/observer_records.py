"""The records of messages, attempts and deliveries that observers (`hub_observe`) get."""

from __future__ import annotations

from hub.model.ids import write_id
from hub.model.stored.outbound import Attempted, MessageRecord
from hub.model.times import from_micros
from hub.model.wire.record import Record

__all__ = ["attempt_records", "message_record"]


def message_record(message: MessageRecord, deliveries: int, org: str) -> Record:
    """The record of a message that was committed: accepted, dropped or held."""
    return Record(
        kind="message",
        id=write_id("msg", message.id),
        org=org,
        state=message.state,
        at=from_micros(message.created),
        reason=message.reason,
        detail={"type": message.type, "deliveries": deliveries, "origin": message.origin},
    )


def attempt_records(done: Attempted, org: str) -> tuple[Record, Record]:
    """The records of a logged attempt, and of its delivery in its new state."""
    record, attempt = done.of.record, done.attempt
    detail = {
        "message": write_id("msg", record.message),
        "subscription": write_id("sub", record.subscription),
        "type": record.type,
    }
    delivery = write_id("dlv", record.id)
    tried = Record(
        kind="attempt",
        id=delivery,
        org=org,
        state="failed" if attempt.error else "succeeded",
        at=from_micros(attempt.at),
        reason=attempt.error,
        detail={**detail, "number": attempt.number, "status": attempt.status, "duration_ms": attempt.duration_ms},
    )
    return tried, Record(
        kind="delivery",
        id=delivery,
        org=org,
        state=done.state,
        at=from_micros(done.at),
        reason=done.error,
        detail=detail,
    )
