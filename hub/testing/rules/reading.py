"""Rules about reading events."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import timedelta
from math import isfinite
from typing import Any

from hub.errors import Reject, described
from hub.model.wire.event import Event
from hub.model.wire.request import Request
from hub.sdk.recorded import Recording
from hub.testing.requests import MOMENT
from hub.testing.rules.rule import BrokenRule
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["accepted", "identified", "pure", "recorded", "stable_ids"]


async def recorded(subject: VendorUnderTest) -> Sequence[str]:
    """At least one request with events is recorded."""
    if not subject.events:
        raise BrokenRule("no request is recorded: put one into <package>/recorded/NAME.json, as the vendor sends it")
    return []


async def accepted(subject: VendorUnderTest) -> Sequence[str]:
    """Every recorded request is accepted and read as the events that its recording names."""
    for recording in subject.events:
        request = subject.sender.request(recording)
        try:
            await subject.verify(request, subject.source)
        except Reject as reject:
            raise BrokenRule(f"{recording.name}: refused, though it is signed: {reject.reason}") from reject
        if request.method not in subject.vendor.methods:
            raise BrokenRule(f"{recording.name}: {request.method} is none of the vendor's methods")
        types = tuple(dict.fromkeys(event.type for event in _events(subject, request, recording)))
        if types != recording.event_types:
            raise BrokenRule(
                f"{recording.name}: is read as the events {types}, but its recording names {recording.event_types}"
            )
    return []


async def stable_ids(subject: VendorUnderTest) -> Sequence[str]:
    """An event has the same id whenever its request is sent again, and the events of a request have different ids."""
    for recording in subject.events:
        first = subject.sender.request(recording, id="req_first")
        again = subject.sender.request(recording, MOMENT + timedelta(hours=1), id="req_again")
        one, two = (tuple(event.id for event in _events(subject, each, recording)) for each in (first, again))
        if one != two:
            raise BrokenRule(
                f"{recording.name}: sent again, its events have other ids ({two}, not {one}): use the vendor's own ids"
            )
        known = [name for name in one if name is not None]
        if len(set(known)) != len(known):
            raise BrokenRule(f"{recording.name}: two events have the same id, so the second is taken for a duplicate")
    return []


async def identified(subject: VendorUnderTest) -> Sequence[str]:
    """Every event but control events has an id, so that a redelivery starts nothing twice."""
    for recording in subject.events:
        for event in _events(subject, subject.sender.request(recording), recording):
            if event.id is None and not event.control:
                raise BrokenRule(f"{recording.name}: {event.type} has no id, so every redelivery runs again")
    return []


async def pure(subject: VendorUnderTest) -> Sequence[str]:
    """Reading is sync, calls nothing, changes nothing, and returns the same events every time, with JSON as data."""
    for recording in subject.events:
        request = subject.sender.request(recording)
        try:
            document = deepcopy(request.json())
        except Reject:
            document = None
        first, again = _events(subject, request, recording), _events(subject, request, recording)
        if first != again:
            raise BrokenRule(
                f"{recording.name}: reading it twice gives different events: read must be pure, it runs again on replay"
            )
        if document is not None and request.json() != document:
            raise BrokenRule(f"{recording.name}: read changes the parsed body; copy it first")
        for event in first:
            _storable(event, recording)
    return []


def _storable(event: Event, recording: Recording) -> None:
    if event.time is not None and event.time.tzinfo is None:
        raise BrokenRule(f"{recording.name}: the time of {event.type} has no time zone; use hub.instant")
    if not isinstance(event.data, bytes) and not _is_json(event.data):
        raise BrokenRule(f"{recording.name}: the data of {event.type} is neither a JSON value nor bytes")


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_json(part) for name, part in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, (str, int)) or (isinstance(value, float) and isfinite(value))


def _events(subject: VendorUnderTest, request: Request, recording: Recording) -> tuple[Event, ...]:
    try:
        given: Any = subject.vendor.read(request, subject.sender.source())
        if inspect.isawaitable(given) or not isinstance(given, Iterable):
            getattr(given, "close", bool)()
            raise BrokenRule(f"{recording.name}: read returned a {type(given).__name__}; it is sync and returns events")
        events = tuple(given)
    except (Reject, RuntimeError) as error:
        raise BrokenRule(f"{recording.name}: read raised {described(error)}") from error
    if any(not isinstance(event, Event) for event in events):
        raise BrokenRule(f"{recording.name}: read returned something other than events")
    return events
