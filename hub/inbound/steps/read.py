"""Step 6, read: body -> events, by the bound vendor or else by the dialect, no more of them than the source takes."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hub.errors import PluginError, Reject
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import ReadRequest, VerifiedRequest
from hub.inbound.uploads import uploads
from hub.model.json import dumps, loads
from hub.model.turns import Turns
from hub.model.wire.event import Event
from hub.model.wire.request import Request
from hub.plugins.calling import answer_of
from hub.plugins.host import Plugins
from hub.sdk.dialect import Dialect, ParsedBody, Refusal
from hub.sdk.vendor import Vendor

__all__ = ["read"]

_PLAIN_TYPE = "webhook"
"""Type of an event that no vendor names."""
_MAX_EVENTS = 1_000
"""Most events of one request where neither source nor vendor sets a limit."""
_END: Any = object()


async def read(verified: VerifiedRequest, parts: PipelineParts) -> ReadRequest:
    """Read the events of a verified request; it runs again on replay, with the same result.

    A vendor or parser that fails does not refuse the request: after verification it is held, so that nothing is lost.
    Other requests are served while a large batch is read.

    Raises:
        RequestRefused: 400, the body cannot be read (or the status of the vendor's `Reject`), or `vendor=` names a
            vendor that is not installed; 413, there are more events than the source takes of one request, or too many
            files.
    """
    dialect, vendor = verified.identified.arrival.dialect, verified.identified.vendor
    files = uploads(verified)
    if vendor is None:
        try:
            read_request = await _by_parser(verified, dialect, parts.plugins)
        except PluginError as error:
            read_request = ReadRequest(verified, (), None, str(error))
    else:
        read_request = await _by_vendor(verified, dialect, vendor, parts.plugins)
    if verified.origin == "sender":
        _check_named_vendor(verified, parts.plugins)
    return replace(read_request, files=files) if files else read_request


async def _by_parser(verified: VerifiedRequest, dialect: Dialect, plugins: Plugins) -> ReadRequest:
    request = verified.request
    parsed = await _whole(_parse(request, dialect, plugins), _limit(verified))
    events: list[Event] = []
    turns = Turns()
    for payload in parsed.payloads:
        if turns.over:
            await turns.give()
        events.append(Event(_PLAIN_TYPE, dialect.present(payload, request)))
    return ReadRequest(verified, tuple(events), parsed)


async def _by_vendor(verified: VerifiedRequest, dialect: Dialect, vendor: Vendor, plugins: Plugins) -> ReadRequest:
    failure, request = "", verified.request
    events: tuple[Event, ...] = ()
    try:
        given = answer_of(vendor.name, vendor.read, (request, verified.context))
        events = await _taken(vendor.name, given, _limit(verified))
        _check_events(vendor, events)
    except RequestRefused:
        raise
    except Reject as reject:
        raise RequestRefused.by(reject, "read", "body") from reject
    except Exception as error:  # noqa: BLE001 - the plugin's fault: the request is held, the sender is answered 2xx
        events, failure = (), str(plugins.blame("vendor", vendor.name, "read", error))
    try:
        # For the workflows, as the context of the events; the limit is one of events, so it does not hold here.
        parsed = await _whole(_by_dialect(request, dialect), None)
    except RequestRefused:
        parsed = None
    return ReadRequest(verified, events, parsed, failure)


def _limit(verified: VerifiedRequest) -> int:
    """The most events that the request may have."""
    vendor = verified.identified.vendor
    own = None if vendor is None else vendor.max_events
    return verified.identified.source.spec.max_events or own or _MAX_EVENTS


async def _whole(parsed: ParsedBody, limit: int | None) -> ParsedBody:
    """The parsed body with all of its payloads read. Raises `RequestRefused` (400) in the dialect's words, or 413."""
    if isinstance(parsed.payloads, tuple) and (limit is None or len(parsed.payloads) <= limit):
        return parsed
    try:
        return ParsedBody(await _taken("dialect", parsed.payloads, limit), parsed.batch)
    except Reject as reject:
        raise RequestRefused.by(reject, "read", "body", public=reject.reason) from reject


async def _taken(plugin: str, given: Iterable[Any], limit: int | None) -> tuple[Any, ...]:
    """All that an author's function gives, one at a time, so that others have their turns and a generator is stopped.

    Raises:
        RequestRefused: 413, there are more than `limit`.
        Exception: What the generator raises.
    """
    items: list[Any] = []
    turns = Turns()
    iterator = answer_of(plugin, iter, (given,))
    while (item := answer_of(plugin, next, (iterator, _END))) is not _END:
        if len(items) == limit:
            if isinstance(iterator, Generator):
                with suppress(Exception):
                    answer_of(plugin, iterator.close, ())
            public = f"More than {limit} events in one request"
            raise RequestRefused(Refusal("read", "events", 413, f"more than {limit} events in one request", public))
        items.append(item)
        if turns.over:
            await turns.give()
    return tuple(items)


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
