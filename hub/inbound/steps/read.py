"""Step 6, read: body -> events, by the bound vendor or else by the dialect."""

from __future__ import annotations

from hub.errors import PluginError, Reject
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import ReadRequest, VerifiedRequest
from hub.model.json import dumps, loads
from hub.model.wire.event import Event
from hub.model.wire.request import Request
from hub.plugins.calling import answer_of
from hub.plugins.host import Plugins
from hub.sdk.dialect import Dialect, ParsedBody, Refusal
from hub.sdk.vendor import Vendor

__all__ = ["read"]

_PLAIN_TYPE = "webhook"
"""Type of an event that no vendor names."""


def read(verified: VerifiedRequest, parts: PipelineParts) -> ReadRequest:
    """Read the events of a verified request; it runs again on replay, with the same result.

    A vendor or parser that fails does not refuse the request: after verification it is held, so that nothing is lost.

    Raises:
        RequestRefused: 400, the body cannot be read (or the status of the vendor's `Reject`), or `vendor=` names a
            vendor that is not installed.
    """
    dialect, vendor = verified.identified.arrival.dialect, verified.identified.vendor
    if vendor is None:
        try:
            parsed = _parse(verified.request, dialect, parts.plugins)
        except PluginError as error:
            read_request = ReadRequest(verified, (), None, str(error))
        else:
            payloads = parsed.payloads
            events = tuple([Event(_PLAIN_TYPE, dialect.present(payload, verified.request)) for payload in payloads])
            read_request = ReadRequest(verified, events, parsed)
    else:
        read_request = _by_vendor(verified, dialect, vendor, parts.plugins)
    if verified.origin == "sender":
        _check_named_vendor(verified, parts.plugins)
    return read_request


def _by_vendor(verified: VerifiedRequest, dialect: Dialect, vendor: Vendor, plugins: Plugins) -> ReadRequest:
    request = verified.request
    try:
        parsed = _by_dialect(request, dialect)
    except RequestRefused:
        parsed = None
    try:
        events = answer_of(vendor.name, lambda: tuple(vendor.read(request, verified.context)), ())
        _check_events(vendor, events)
    except Reject as reject:
        raise RequestRefused.by(reject, "read", "body") from reject
    except Exception as error:  # noqa: BLE001 - the plugin's fault: the request is held, the sender is answered 2xx
        return ReadRequest(verified, (), parsed, str(plugins.blame("vendor", vendor.name, "read", error)))
    return ReadRequest(verified, events, parsed)


def _parse(request: Request, dialect: Dialect, plugins: Plugins) -> ParsedBody:
    """The body as read by the plugin that has a parser for its media type, else by the dialect.

    Raises:
        RequestRefused: 400, in the dialect's words or the parser's.
        PluginError: The parser failed in another way.
    """
    parse = None
    if plugins.parsers and request.body:
        try:
            parse = plugins.parsers.get(request.media_type)
        except Reject as reject:
            raise RequestRefused.by(reject, "read", "body", public=reject.reason) from reject
    if parse is None:
        return _by_dialect(request, dialect)
    try:
        # Written and read again, so that what the parser gives is a JSON value and nothing else.
        return ParsedBody((loads(dumps(answer_of(request.media_type, parse, (request.body,)))),))
    except ValueError as error:
        why = f"the body is not {request.media_type}: {error}"
        raise RequestRefused(Refusal("read", "body", 400, why, f"Invalid {request.media_type} payload")) from error
    except Exception as error:
        raise plugins.blame("parser", request.media_type, f"the parser of {request.media_type}", error) from error


def _by_dialect(request: Request, dialect: Dialect) -> ParsedBody:
    """The body as the dialect understands it. Raises `RequestRefused` (400) in the dialect's words."""
    try:
        return dialect.parse(request)
    except Reject as reject:
        raise RequestRefused.by(reject, "read", "body", public=reject.reason) from reject


def _check_events(vendor: Vendor, events: tuple[object, ...]) -> None:
    for event in events:
        if not isinstance(event, Event):
            raise PluginError(vendor.name, f"read gave a {type(event).__name__}, not an Event")


def _check_named_vendor(verified: VerifiedRequest, plugins: Plugins) -> None:
    """A vendor that `vendor=` names must be installed. Asked last: only verified senders learn which ones are."""
    named = verified.identified.arrival.named_vendor
    if named is not None and plugins.vendor(named) is None:
        known = ", ".join(sorted(plugins.vendors)) or "none"
        public = f"Unsupported vendor: {named[:100]}. Supported vendors: {known}"
        raise RequestRefused(Refusal("read", "vendor", 400, public, public))
