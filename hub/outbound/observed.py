"""What `hub_observe` hears of the outbound side."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.model.ids import write_id
from hub.model.outbound import Attempted, Published
from hub.model.record import Record
from hub.outbound.publish import Publication

__all__ = ["attempt_records", "message_record"]


def message_record(publication: Publication, published: Published, org: str, now: int) -> Record:
    """A message was accepted."""
    return Record(
        kind="message",
        id=write_id("msg", published.id),
        org=org,
        state="accepted",
        at=_time(now),
        detail={"type": publication.type, "deliveries": published.deliveries, "origin": publication.origin},
    )


def attempt_records(done: Attempted, org: str) -> tuple[Record, Record]:
    """An attempt was logged, and its delivery has a state."""
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
        at=_time(attempt.at),
        reason=attempt.error,
        detail={**detail, "number": attempt.number, "status": attempt.status, "duration_ms": attempt.duration_ms},
    )
    return tried, Record(
        kind="delivery", id=delivery, org=org, state=done.state, at=_time(done.at), reason=done.error, detail=detail
    )


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1_000_000, UTC)
