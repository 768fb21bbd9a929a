"""Replays: a kept request runs again, with the verdict that it was given then, on the workflows of now.

What was held (a plugin failed to read it, or a hook failed on one of its events) is released in place: it becomes the
accepted request that it would have been, duplicates included. Any other request becomes a new one, linked to its
original. Its events are never duplicates, since a person asked for them.

A release happens once, however many ask for it: the store turns what is held into what is accepted in one transaction,
and those who come too late, by a moment or by a second click, are answered what the release has started.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl

from hub.errors import Conflict, NotFound, StaleSource
from hub.inbound.http.arrival import Arrival
from hub.inbound.http.body import decoded_body
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.source_lookup import request_for
from hub.inbound.stages import AcceptedRequest, ReadRequest, VerifiedRequest
from hub.inbound.steps.accept import accept
from hub.inbound.steps.event import event
from hub.inbound.steps.read import read
from hub.model.ids import Id, new_id
from hub.model.stored.execution import ExecutionRecord
from hub.model.stored.inbound import EventRecord, RequestRecord
from hub.model.times import SECOND
from hub.model.wire.event import Event
from hub.model.wire.grant import Grant
from hub.model.wire.values import Values
from hub.plugins.clock import RequestClock
from hub.ports.clock import Clock
from hub.sdk.dialect import Dialect, DialectRoute

__all__ = ["REPLAYABLE", "ReplayResult", "Replayer"]

REPLAYABLE = frozenset({"accepted", "held", "duplicate"})
"""States of requests that passed verification; a replay inherits that verdict."""

_TRIES = 3
_SECONDS = 30.0
_PAGE = 200
_ONE_CLICK = 10 * SECOND
"""Whoever asks within this time after a release is taken to mean that release, and not a replay after it."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay led to.

    Attributes:
        request: The new request; of what was held, the request itself.
        released: It was held and is accepted now.
        executions: (workflow, execution) of each execution started.
    """

    request: Id
    released: bool
    executions: tuple[tuple[Id, Id], ...]


class Replayer:
    """Runs kept requests again: they take the steps read, event and accept.

    Args:
        parts: What the steps work with.
        clock: Says when a replay is received.
    """

    def __init__(self, parts: PipelineParts, clock: Clock) -> None:
        self._parts = parts
        self._clock = clock

    async def replay(self, org: Id, request: Id) -> ReplayResult:
        """Run a request again.

        Raises:
            NotFound: No such request, or its source is gone.
            Conflict: It was refused or was a handshake, or it still cannot be read.
            StoreUnavailable: Nothing was started.
        """
        record, kept, held = await self._look(org, request)
        try:
            if held or not self._just_released(record):
                return await self._replay(record, kept, held=held)
        except Conflict:
            record, _, held = await self._look(org, request)
            if held or not self._just_released(record):
                raise
        runs = await self._parts.store.executions.of_request(org, request)
        return ReplayResult(request, released=True, executions=tuple((run.workflow, run.id) for run in runs))

    async def _look(self, org: Id, request: Id) -> tuple[RequestRecord, list[EventRecord], bool]:
        """A request, its events, and whether it or one of them is held."""
        record = await self._parts.store.inbound.request(org, request)
        if record.state not in REPLAYABLE:
            verdict = "was refused" if record.state == "refused" else "was a handshake"
            raise Conflict(f"the request {verdict}; a replay inherits the verdict, so there is nothing to run")
        kept = await self._events(record)
        return record, kept, record.state == "held" or any(one.state == "held" for one in kept)

    def _just_released(self, record: RequestRecord) -> bool:
        return record.released is not None and self._clock.now() - record.released < _ONE_CLICK

    async def _replay(self, record: RequestRecord, kept: Sequence[EventRecord], *, held: bool) -> ReplayResult:
        runs = [] if held else await self._parts.store.executions.of_request(record.org, record.id)
        for _ in range(_TRIES):
            verified = self._verified(record, "release" if held else "replay")
            try:
                accepted = await self._run(verified, kept, runs)
            except StaleSource:
                continue
            except RequestRefused as refused:
                raise Conflict(refused.refusal.reason) from refused
            executions = tuple((one.workflow, one.execution) for one in accepted.started)
            return ReplayResult(verified.record.id, held, executions)
        raise Conflict("the source kept changing; try again")

    async def _run(
        self, verified: VerifiedRequest, kept: Sequence[EventRecord], runs: Sequence[ExecutionRecord]
    ) -> AcceptedRequest:
        try:
            has_read = await read(verified, self._parts)
        except RequestRefused as refused:
            raise Conflict(f"it still cannot be read: {refused.refusal.reason}") from refused
        if has_read.failure:
            raise Conflict(f"it still cannot be read: {has_read.failure}")
        prepared = await event(_chosen(has_read, kept, runs), self._parts)
        return await accept(prepared, self._parts)

    def _verified(self, record: RequestRecord, origin: Literal["replay", "release"]) -> VerifiedRequest:
        """The kept request as verification left it; what was a credential then is a fingerprint now."""
        parts, dialect = self._parts, self._dialect(record.dialect)
        snapshot = parts.store.snapshot
        source = snapshot.sources.get(record.source)
        if source is None or source.org != record.org:
            raise NotFound("the source of this request is gone")
        arrival = _arrival(record, dialect)
        # Plugins see the request of the first time, with its id and moment; what it starts now has those of the replay.
        body = decoded_body(arrival, record.body or b"")
        vendor = parts.plugins.vendor(source.spec.vendor) if source.spec.vendor is not None else None
        request = arrival.request(body, parts.base_url, vendor)
        if origin == "release":
            record = replace(record, state="accepted", reason="")
        else:
            fresh, now = new_id(), self._clock.now()
            arrival = replace(arrival, id=fresh, received=now)
            record = replace(
                record,
                id=fresh,
                received=now,
                state="accepted",
                step="accept",
                reason="",
                status=0,
                replay_of=record.id,
                released=None,
            )
        identified = request_for(arrival, snapshot, source.id, parts.plugins)
        name = source.spec.vendor
        if name is not None and identified.vendor is None:
            raise Conflict(f"the plugin of vendor {name} is {parts.plugins.vendor_status(name)}")
        clock = RequestClock(_SECONDS)
        try:
            context = parts.contexts.of(identified, identified.vendor, request, clock)
        except RequestRefused as refused:
            raise Conflict(f"it still cannot be read: {refused.refusal.reason}") from refused
        return VerifiedRequest(identified, request, context, clock, Grant(account=record.account), (), record, origin)

    def _dialect(self, name: str) -> Dialect:
        for dialect in self._parts.plugins.dialects:
            if dialect.name == name:
                return dialect
        raise Conflict(f"no active plugin brings the dialect {name}")

    async def _events(self, record: RequestRecord) -> list[EventRecord]:
        """The request's events as they were kept, in the order of its body."""
        kept: list[EventRecord] = []
        cursor: str | None = None
        while True:
            page = await self._parts.store.inbound.events(record.org, request=record.id, limit=_PAGE, cursor=cursor)
            kept += page.items
            cursor = page.next
            if cursor is None:
                return kept[::-1]


def _arrival(record: RequestRecord, dialect: Dialect) -> Arrival:
    path, _, query = record.url.partition("?")
    return Arrival(
        id=record.id,
        received=record.received,
        method=record.method,
        path=path,
        raw_query=query,
        query=Values(parse_qsl(query, keep_blank_values=True)),
        headers=Values(record.headers, caseless=True),
        client=record.client,
        dialect=dialect,
        route=DialectRoute(path),
        params={},
        body=record.body or b"",
    )


def _chosen(has_read: ReadRequest, kept: Sequence[EventRecord], runs: Sequence[ExecutionRecord]) -> ReadRequest:
    """The events that are to run: of what was held those that are not accepted yet, else all of them."""
    events = has_read.events
    paired = _paired(events, kept)
    if has_read.verified.origin == "release":
        waiting = [one for one, was in zip(events, paired, strict=True) if was is None or was.state == "held"]
        return replace(has_read, events=tuple(waiting))
    by_event: dict[Id | None, dict[Id, Id]] = {}
    for run in runs:
        by_event.setdefault(run.event, {})[run.workflow] = run.id
    return replace(has_read, first_runs=tuple({} if was is None else by_event.get(was.id, {}) for was in paired))


def _paired(events: Sequence[Event], kept: Sequence[EventRecord]) -> list[EventRecord | None]:
    """Each event with its record of the first time, by place or else by key."""
    if len(events) == len(kept):
        return list(kept)
    by_key = {record.key: record for record in kept if record.key is not None}
    return [by_key.get(one.id) if one.id is not None else None for one in events]
