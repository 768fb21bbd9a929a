"""Step 6, read: body -> events, by the bound vendor or else by the dialect."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import PluginError, Reject
from hub.inbound.evidence.refusals import Refused
from hub.model.json import dumps, loads
from hub.model.wire.event import Event
from hub.model.wire.request import Request
from hub.plugins.calling import answer_of
from hub.plugins.host import Plugins
from hub.sdk.context import Source
from hub.sdk.dialect import Dialect, Parsed, Refusal
from hub.sdk.vendor import Vendor

__all__ = ["PLAIN_TYPE", "Reading", "read"]

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


def read(request: Request, dialect: Dialect, vendor: Vendor | None, context: Source, plugins: Plugins) -> Reading:
    """The events of a verified request.

    Raises:
        Refused: The body cannot be read: 400, or what the vendor's `Reject` says.
    """
    if vendor is None:
        try:
            parsed = _parse(request, dialect, plugins)
        except PluginError as error:
            return Reading((), None, str(error))
        events = tuple(Event(PLAIN_TYPE, dialect.present(payload, request)) for payload in parsed.payloads)
        return Reading(events, parsed)
    try:
        parsed_or_none = _by_dialect(request, dialect)
    except Refused:
        parsed_or_none = None
    try:
        events = answer_of(vendor.name, lambda: tuple(vendor.read(request, context)), ())
        _check(vendor, events)
    except Reject as reject:
        raise Refused(Refusal("read", "body", reject.status, reject.reason)) from reject
    except Exception as error:  # noqa: BLE001 - the plugin's fault: the request is held, the sender answered 2xx
        return Reading((), parsed_or_none, str(plugins.blame("vendor", vendor.name, "read", error)))
    return Reading(events, parsed_or_none)


def _parse(request: Request, dialect: Dialect, plugins: Plugins) -> Parsed:
    """By the plugin that has a parser for the body's media type, else as the dialect understands it.

    Raises:
        Refused: 400, in the dialect's words or the parser's.
        PluginError: The parser failed otherwise.
    """
    parse = None
    if plugins.parsers and request.body:
        try:
            parse = plugins.parsers.get(request.media_type)
        except Reject as reject:
            raise _refused(reject) from reject
    if parse is None:
        return _by_dialect(request, dialect)
    try:
        return Parsed((loads(dumps(answer_of(request.media_type, parse, (request.body,)))),))
    except ValueError as error:
        why = f"the body is no {request.media_type}: {error}"
        raise Refused(Refusal("read", "body", 400, why, f"Invalid {request.media_type} payload")) from error
    except Exception as error:
        raise plugins.blame("parser", request.media_type, f"the parser of {request.media_type}", error) from error


def _by_dialect(request: Request, dialect: Dialect) -> Parsed:
    """The body as the dialect understands it. Raises `Refused` (400) in its words."""
    try:
        return dialect.parse(request)
    except Reject as reject:
        raise _refused(reject) from reject


def _refused(reject: Reject) -> Refused:
    return Refused(Refusal("read", "body", reject.status, reject.reason, reject.reason))


def _check(vendor: Vendor, events: tuple[object, ...]) -> None:
    for event in events:
        if not isinstance(event, Event):
            raise PluginError(vendor.name, f"read gave a {type(event).__name__}, not an Event")
