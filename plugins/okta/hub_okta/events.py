"""Reads a delivery: one event for each entry of `data.events[]`.

Duplicates: `eventId` identifies the delivery and `uuid` the log event. The event's id is the `uuid`, which stays the
same when Okta sends the delivery again and when a second event hook delivers the same log event to the same source. An
entry without a `uuid` is identified by the `eventId` and its place in the delivery, which a repeated delivery keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from hub import Event, Reject, Request, Source, instant

__all__ = ["read"]


def read(request: Request, source: Source) -> Iterator[Event]:
    """The events of a delivery in the order of its entries.

    Raises:
        Reject: Status 400: the body is not a delivery of an event hook; none of its events is read.
    """
    del source
    delivery = request.json()
    entries = _entries(delivery)
    account = _domain(delivery.get("source"))
    delivered = _text(delivery.get("eventId"))
    return iter([_event(entry, place, delivered, account) for place, entry in enumerate(entries)])


def _entries(delivery: Any) -> list[Any]:
    data = delivery.get("data") if isinstance(delivery, dict) else None
    entries = data.get("events") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise Reject("the body has no list data.events, as an event hook's delivery has", 400)
    return entries


def _event(entry: Any, place: int, delivered: str | None, account: str | None) -> Event:
    name = _text(entry.get("eventType")) if isinstance(entry, dict) else None
    if name is None:
        raise Reject(f"data.events[{place}] has no eventType", 400)
    known = _text(entry.get("uuid")) or (f"{delivered}/{place}" if delivered else None)
    return Event(name, entry, id=known, time=_moment(entry.get("published")), account=account)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: Any) -> datetime | None:
    """When it happened; an unreadable time costs the time, not the event."""
    try:
        return instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _domain(value: Any) -> str | None:
    """The Okta org that sent it: the host of `source`, `https://acme.okta.com/api/v1/eventHooks/who…`."""
    try:
        return urlsplit(value).hostname or None if isinstance(value, str) else None
    except ValueError:
        return None
