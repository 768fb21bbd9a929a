"""Reads a request: one event for each entry of `data.events[]` of an event hook; one for the call of an inline hook.

Duplicates: `eventId` identifies the delivery and `uuid` the log event. The event's id is the `uuid`, which stays the
same when Okta sends the delivery again and when a second event hook delivers the same log event to the same source. An
entry without a `uuid` is identified by the `eventId` and its place in the delivery, which a repeated delivery keeps.

An inline hook's body has no `data.events`. Okta waits for the answer to it, which tells Okta what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from hub import Event, Reject, Request, Source, instant

__all__ = ["INLINE", "is_inline", "read"]

INLINE = "okta.inline."
"""Beginning of the names of an inline hook's events; Okta's own name of the type follows."""


def read(request: Request, source: Source) -> Iterator[Event]:
    """The events of a delivery in the order of its entries, or the event of an inline hook.

    Raises:
        Reject: Status 400: the body is a request of neither an event hook nor an inline hook; none of it is read.
    """
    del source
    delivery = request.json()
    if is_inline(delivery):
        return iter([_inline(delivery)])
    entries = _entries(delivery)
    account = _domain(delivery.get("source"))
    delivered = _text(delivery.get("eventId"))
    return iter([_event(entry, place, delivered, account) for place, entry in enumerate(entries)])


def is_inline(delivery: Any) -> bool:
    """Whether a body is the call of an inline hook: it names its type itself and has no list of events."""
    if not isinstance(delivery, dict) or _text(delivery.get("eventType")) is None:
        return False
    data = delivery.get("data")
    return isinstance(data, dict) and "events" not in data


def _inline(call: dict[str, Any]) -> Event:
    return Event(
        f"{INLINE}{call['eventType']}",
        call,
        id=_text(call.get("eventId")),
        time=_moment(call.get("eventTime")),
        account=_domain(call.get("source")),
    )


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
