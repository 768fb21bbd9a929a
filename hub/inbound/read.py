"""Step 6, read: body -> events, by the bound vendor or else by the dialect."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import PluginError, Reject
from hub.inbound.refused import Refused
from hub.model.event import Event
from hub.model.request import Request
from hub.plugins.context import Source
from hub.plugins.dialect import Dialect, Parsed, Refusal
from hub.plugins.vendor import Vendor

__all__ = ["PLAIN_TYPE", "Reading", "parse", "read"]

PLAIN_TYPE = "webhook"
"""Type of an event that no vendor names."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request holds.

    Attributes:
        events: In the order of the body.
        parsed: The body as the dialect understands it; None where a vendor reads a body that the dialect cannot.
        failure: Why the vendor could not read it after verification; the request is held.
    """

    events: tuple[Event, ...]
    parsed: Parsed | None
    failure: str = ""


def parse(request: Request, dialect: Dialect) -> Parsed:
    """The body as the dialect understands it.

    Raises:
        Refused: 400, in the dialect's words.
    """
    try:
        return dialect.parse(request)
    except Reject as reject:
        raise Refused(Refusal("read", "body", reject.status, reject.reason, reject.reason)) from reject


def read(request: Request, dialect: Dialect, vendor: Vendor | None, context: Source) -> Reading:
    """The events of a verified request.

    Raises:
        Refused: The body cannot be read: 400, or what the vendor's `Reject` says.
    """
    if vendor is None:
        parsed = parse(request, dialect)
        events = tuple(Event(PLAIN_TYPE, dialect.present(payload, request)) for payload in parsed.payloads)
        return Reading(events, parsed)
    try:
        parsed_or_none = parse(request, dialect)
    except Refused:
        parsed_or_none = None
    try:
        events = tuple(vendor.read(request, context))
        _check(vendor, events)
    except Reject as reject:
        raise Refused(Refusal("read", "body", reject.status, reject.reason)) from reject
    except Exception as error:  # noqa: BLE001 - the plugin's fault: the request is held, the sender answered 2xx
        return Reading((), parsed_or_none, f"plugin {vendor.name} failed in read: {type(error).__name__}: {error}")
    return Reading(events, parsed_or_none)


def _check(vendor: Vendor, events: tuple[object, ...]) -> None:
    for event in events:
        if not isinstance(event, Event):
            raise PluginError(vendor.name, f"read gave a {type(event).__name__}, not an Event")
