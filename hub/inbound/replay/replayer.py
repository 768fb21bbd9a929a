"""Replays: a kept request runs again, with the verdict that it was given then, on the workflows of now.

What was held (a plugin failed to read it, or a hook held an event) is released in place: it becomes the accepted
request that it would have been, duplicates included. Anything else becomes a new request, linked to its original, whose
events are never duplicates: a person asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub.errors import Conflict, NotFound, StaleSource
from hub.inbound.evidence.fingerprints import Evidence
from hub.inbound.evidence.refusals import Refused
from hub.inbound.gate import Gate
from hub.inbound.source_context import Contexts
from hub.inbound.steps.accept import Acceptor, Committed
from hub.inbound.steps.event import Circumstances, Starter
from hub.inbound.steps.identify import Identified
from hub.inbound.steps.read import Reading, read
from hub.inbound.trigger_context import seen
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.execution import ExecutionRecord
from hub.model.stored.inbound import Acceptance, EventRecord, NewEvent, RequestRecord
from hub.model.times import from_micros
from hub.model.wire.event import Event
from hub.model.wire.request import Request
from hub.model.wire.values import Values
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.store import Store
from hub.sdk.dialect import Dialect, Target
from hub.sdk.vendor import Vendor

__all__ = ["REPLAYABLE", "Replayed", "Replayer", "request_of"]

REPLAYABLE = frozenset({"accepted", "held", "duplicate"})
"""States of requests that passed verification; a replay inherits that verdict."""

_STALE_TRIES = 3
_SECONDS = 30.0
_PAGE = 200


def request_of(record: RequestRecord, base_url: str) -> Request:
    """A kept request as plugins see it; credentials in it stay fingerprints."""
    return Request(
        id=write_id("req", record.id),
        method=record.method,
        client=record.client,
        body=record.body or b"",
        headers=Values(record.headers, caseless=True),
        url=f"{base_url}{record.url}",
        received=from_micros(record.received),
    )


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to.

    Attributes:
        request: The new request; for what was held, the request itself.
        released: It was held and is accepted now.
        executions: (workflow, execution) of each execution started.
    """

    request: Id
    released: bool
    executions: tuple[tuple[Id, Id], ...]


@dataclass(frozen=True, slots=True)
class _Replay:
    """One replay under way: the kept request, what it holds, and where it goes."""

    record: RequestRecord
    request: Request
    found: Identified
    reading: Reading
    clock: RequestClock
    headers: Mapping[str, str]


class Replayer:
    """Runs kept requests again.

    Args:
        store: Where they are.
        plugins: Read them.
        starter: Turns events into executions.
        acceptor: Commits.
        contexts: Makes what vendors are given.
        evidence: Says which headers workflows may see.
        clock: The hub's clock.
    """

    def __init__(
        self,
        *,
        store: Store,
        plugins: Plugins,
        starter: Starter,
        acceptor: Acceptor,
        contexts: Contexts,
        evidence: Evidence,
        clock: Clock,
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._starter = starter
        self._acceptor = acceptor
        self._contexts = contexts
        self._evidence = evidence
        self._clock = clock

    async def replay(self, org: Id, request: Id) -> Replayed:
        """Run a request again.

        Raises:
            NotFound: No such request, or its source is gone.
            Conflict: It was refused or was a handshake, or it still cannot be read.
            StoreUnavailable: Nothing was started.
        """
        record = await self._store.inbound.request(org, request)
        if record.state not in REPLAYABLE:
            verdict = "was refused" if record.state == "refused" else "was a handshake"
            raise Conflict(f"the request {verdict}; a replay inherits the verdict, so there is nothing to run")
        kept = await self._events(record)
        held = record.state == "held" or any(event.state == "held" for event in kept)
        for _ in range(_STALE_TRIES):
            about = self._read(record)
            try:
                return await (self._release(about, kept) if held else self._again(about, kept))
            except StaleSource:
                continue
        raise Conflict("the source kept changing; try again")

    async def _release(self, about: _Replay, kept: Sequence[EventRecord]) -> Replayed:
        """What was held takes its place among the accepted."""
        record, events = about.record, about.reading.events
        chosen = [event for event, was in zip(events, _paired(events, kept), strict=True) if was is None or _held(was)]
        started = await self._start(about, chosen, record.id, record.received, [None] * len(chosen))
        committed = await self._acceptor.commit(
            replace(record, state="accepted", reason=""),
            started,
            self._store.inbound.release(record.org, record.id, started),
        )
        return Replayed(record.id, released=True, executions=_ids(committed))

    async def _again(self, about: _Replay, kept: Sequence[EventRecord]) -> Replayed:
        """A new request, linked to the first one."""
        record, events, now = about.record, about.reading.events, self._clock.now()
        runs = await self._store.executions.of_request(record.org, record.id)
        firsts = [_runs_of(was, runs) for was in _paired(events, kept)]
        fresh = replace(
            record,
            id=new_id(),
            received=now,
            state="accepted",
            step="accept",
            reason="",
            status=0,
            replay_of=record.id,
        )
        started = await self._start(about, events, fresh.id, now, firsts)
        acceptance = Acceptance(fresh, about.found.gate.source.generation, tuple(started))
        committed = await self._acceptor.commit(fresh, started, self._store.inbound.accept(acceptance))
        return Replayed(fresh.id, released=False, executions=_ids(committed))

    async def _start(
        self,
        about: _Replay,
        events: Sequence[Event],
        request: Id,
        received: int,
        firsts: Sequence[Mapping[Id, Id] | None],
    ) -> list[NewEvent]:
        source = about.found.gate.source
        view = seen(source.spec, about.request, about.reading, about.headers, about.request.query)
        started: list[NewEvent] = []
        for event, first in zip(events, firsts, strict=True):
            circumstances = Circumstances(
                request=request,
                source=source,
                snapshot=about.found.snapshot,
                received=received,
                account=about.record.account,
                seen=view,
                replay_of=first,
            )
            try:
                new, _ = await self._starter.start((event,), circumstances, about.clock)
            except Refused as refused:
                raise Conflict(refused.refusal.reason) from refused
            started += new
        return started

    def _read(self, record: RequestRecord) -> _Replay:
        snapshot = self._store.snapshot
        source = snapshot.sources.get(record.source)
        if source is None or source.org != record.org:
            raise NotFound("the source of this request is gone")
        workflow = snapshot.workflows.get(source.workflow) if source.workflow is not None else None
        found = Identified(Gate.of(source), snapshot, workflow, Target(), None)
        request = request_of(record, self._contexts.base_url)
        vendor, dialect = self._vendor(source.spec.vendor), self._dialect(record.dialect)
        clock = RequestClock(_SECONDS)
        try:
            context = self._contexts.of(found, vendor, request, clock)
            reading = read(request, dialect, vendor, context, self._plugins)
        except Refused as refused:
            raise Conflict(f"it still cannot be read: {refused.refusal.reason}") from refused
        if reading.failure:
            raise Conflict(f"it still cannot be read: {reading.failure}")
        headers = self._evidence.shown(record.headers, source, self._clock.now())
        return _Replay(record, request, found, reading, clock, headers)

    def _vendor(self, name: str | None) -> Vendor | None:
        vendor = self._plugins.vendor(name) if name is not None else None
        if name is not None and vendor is None:
            raise Conflict(f"the plugin of vendor {name} is {self._plugins.vendor_status(name)}")
        return vendor

    def _dialect(self, name: str) -> Dialect:
        for dialect in self._plugins.dialects:
            if dialect.name == name:
                return dialect
        raise Conflict(f"no active plugin brings the dialect {name}")

    async def _events(self, record: RequestRecord) -> list[EventRecord]:
        """The request's events as they were kept, in the order of its body."""
        kept: list[EventRecord] = []
        cursor: str | None = None
        while True:
            page = await self._store.inbound.events(record.org, request=record.id, limit=_PAGE, cursor=cursor)
            kept += page.items
            cursor = page.next
            if cursor is None:
                return kept[::-1]


def _held(record: EventRecord) -> bool:
    return record.state == "held"


def _paired(events: Sequence[Event], kept: Sequence[EventRecord]) -> list[EventRecord | None]:
    """Each event with its record of the first time, by place or else by key."""
    if len(events) == len(kept):
        return list(kept)
    by_key = {record.key: record for record in kept if record.key is not None}
    return [by_key.get(event.id) if event.id is not None else None for event in events]


def _runs_of(was: EventRecord | None, runs: Sequence[ExecutionRecord]) -> dict[Id, Id]:
    """Workflow -> execution that this event started the first time."""
    return {} if was is None else {run.workflow: run.id for run in runs if run.event == was.id}


def _ids(committed: Committed) -> tuple[tuple[Id, Id], ...]:
    return tuple((started.workflow, started.execution) for started in committed.started)
