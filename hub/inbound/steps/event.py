"""Step 7, event: hooks change, hold or drop each event; schemas and filters decide which workflows it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.errors import Drop, HubError, Invalid
from hub.inbound.leases import return_leases
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import Origin, PreparedRequest, ReadRequest, VerifiedRequest
from hub.inbound.trigger_context import trigger_context
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.execution import NewExecution
from hub.model.stored.inbound import EventRecord, EventState, NewEvent
from hub.model.stored.source import SourceRecord
from hub.model.times import to_micros
from hub.model.turns import Turns
from hub.model.wire.event import Event
from hub.plugins.clock import RequestClock
from hub.ports.store.snapshot import Snapshot
from hub.ports.triggers import Selected, Selection
from hub.sdk.dialect import Flavour, Refusal

__all__ = ["event"]

_FEW_EVENTS = 4
_SMALL_BODY = 16 * 1024
"""Up to so many events and bytes of a body, executions may be worked out before they are accepted."""
_LEASED_EVENTS = 64
"""Up to so many events, executions may be given the engine's free slots before they are accepted; the executions of
more are queued, so that no slot is idle while a large batch is prepared and written."""
_NO_RUNS: Mapping[Id, Id] = {}


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all events of one request have in common.

    Attributes:
        account: Account of the grant, the default of each event's.
        trigger: What stands in every trigger beside the event.
        common: `trigger` if the request has several events, whose executions share it; else None.
        leases: The request is small enough for its executions to start at once.
        small: The request is small enough to work out its executions before they are accepted.
    """

    request: Id
    source: SourceRecord
    snapshot: Snapshot
    received: int
    account: str | None
    trigger: Mapping[str, Any]
    common: Mapping[str, Any] | None
    flavour: Flavour
    origin: Origin
    waits: bool
    leases: bool
    small: bool
    clock: RequestClock


async def event(read: ReadRequest, parts: PipelineParts) -> PreparedRequest:
    """Hand each event from hook to hook, check it against its schema and choose the workflows that it starts.

    An event that a hook or filter fails on is held; one that a hook drops is kept as dropped. Other requests are served
    while a large batch is prepared.

    Raises:
        RequestRefused: 422, the source enforces schemas and an event does not fit, or the draft that is to run cannot;
            503, the sender waits for the result and no slot is free for another waiting sender.
    """
    verified = read.verified
    waits = _waits(verified)
    if waits and parts.engine.saturated():
        reason = "no slot is free for another waiting sender"
        raise RequestRefused(Refusal("accept", "saturated", 503, reason, "Too many waiting requests", 2))
    shared = _shared(read, parts, waits=waits)
    events: list[NewEvent] = []
    responds = False
    turns = Turns()
    try:
        for number, one in enumerate(read.events):
            if turns.over:
                await turns.give()
            first_runs = read.first_runs[number] if read.first_runs else _NO_RUNS
            prepared, wants = await _prepared(one, shared, first_runs, parts)
            events.append(prepared)
            responds = responds or wants
    except BaseException:
        # One event refuses the whole request, so the slots that earlier ones were promised are free again.
        return_leases(events, parts.engine)
        raise
    return PreparedRequest(read, tuple(events), waits, responds)


def _waits(verified: VerifiedRequest) -> bool:
    """Whether the sender waits for a result, whatever the workflow does. Nobody waits for a replay."""
    if verified.origin != "sender":
        return False
    identified = verified.identified
    return identified.arrival.route.flavour == "wait" or identified.source.spec.response.mode != "minimal"


def _shared(read: ReadRequest, parts: PipelineParts, *, waits: bool) -> _Shared:
    verified = read.verified
    identified = verified.identified
    arrival, source = identified.arrival, identified.source
    headers = parts.fingerprints.workflow_headers(arrival.headers.pairs, source, arrival.received)
    many = len(read.events)
    small = many <= _FEW_EVENTS and len(verified.request.body) <= _SMALL_BODY
    trigger = trigger_context(read, headers)
    return _Shared(
        request=arrival.id,
        source=source,
        snapshot=identified.snapshot,
        received=arrival.received,
        account=verified.grant.account,
        trigger=trigger,
        common=trigger if many > 1 else None,
        flavour=arrival.route.flavour,
        origin=verified.origin,
        waits=waits,
        leases=many <= _LEASED_EVENTS,
        small=small and verified.origin == "sender",
        clock=verified.clock,
    )


async def _prepared(
    one: Event, shared: _Shared, first_runs: Mapping[Id, Id], parts: PipelineParts
) -> tuple[NewEvent, bool]:
    """An event with its executions, and whether one of the workflows answers by a `respond` node."""
    if parts.plugins.has_event_hooks:
        try:
            one = await parts.plugins.event(one, shared.clock)
        except Drop as drop:
            return NewEvent(_record(one, shared, "dropped", drop.reason)), False
        except HubError as error:
            return NewEvent(_record(one, shared, "held", str(error))), False
    reason = ""
    if shared.source.spec.validation != "off":
        reason = await parts.schema_check(shared.source, one, shared.request)
        if reason and shared.source.spec.validation == "enforce":
            raise RequestRefused(Refusal("event", "schema", 422, reason, "Event does not fit its schema"))
    record = _record(one, shared, "accepted", reason)
    trigger = _trigger(one, record, shared)
    try:
        selection = _selected(shared, trigger, parts, control=one.control)
    except Invalid as error:
        raise RequestRefused(Refusal("event", "draft", 422, error.detail, error.detail)) from error
    except HubError as error:
        return NewEvent(_record(one, shared, "held", str(error))), False
    if selection.faults:
        # One workflow's fault does not hold the event for the others. Where it was the only one, nothing has begun.
        state: EventState = "accepted" if selection.started else "held"
        record = replace(record, state=state, reason="; ".join(filter(None, (reason, *selection.faults))))
        if state == "held":
            return NewEvent(record), False
    executions = tuple([_execution(each, record, shared, trigger, first_runs, parts) for each in selection.started])
    return NewEvent(record, executions), any(each.responds for each in selection.started)


def _selected(shared: _Shared, trigger: Mapping[str, Any], parts: PipelineParts, *, control: bool) -> Selection:
    if shared.flavour == "draft" and shared.source.workflow is not None:
        return Selection((parts.triggers.draft(shared.snapshot, shared.source.workflow, trigger),))
    return parts.triggers.select(shared.snapshot, shared.source, trigger, control=control)


def _execution(
    selected: Selected,
    record: EventRecord,
    shared: _Shared,
    trigger: Mapping[str, Any],
    first_runs: Mapping[Id, Id],
    parts: PipelineParts,
) -> NewExecution:
    # The store's claims keep serial keys and limits, so an execution that has one neither starts nor ends here.
    bound = selected.serial_key is not None or selected.concurrency is not None
    finished = None
    if shared.small and not bound:
        finished = parts.engine.evaluate(selected.workflow, selected.version, trigger)
    starts = shared.leases and not bound and finished is None
    return NewExecution(
        org=record.org,
        id=new_id(),
        workflow=selected.workflow,
        version=selected.version,
        kind="replay" if shared.origin == "replay" else "webhook",
        trigger=trigger,
        created=shared.received,
        source=record.source,
        request=record.request,
        event=record.id,
        replay_of=first_runs.get(selected.workflow),
        priority=0 if shared.waits else 1,
        serial_key=selected.serial_key,
        concurrency=selected.concurrency,
        due=shared.received,
        lease=parts.engine.lease(waiting=shared.waits) if starts else None,
        definition=selected.definition,
        finished=finished,
        shared=shared.common,
    )


def _record(one: Event, shared: _Shared, state: EventState, reason: str) -> EventRecord:
    """The event as it is kept. A draft run and a replay have no duplicate key: a person asked for them."""
    return EventRecord(
        org=shared.source.org,
        id=new_id(),
        source=shared.source.id,
        request=shared.request,
        type=one.type,
        key=None if shared.flavour == "draft" or shared.origin == "replay" else one.id,
        account=one.account if one.account is not None else shared.account,
        time=to_micros(one.time) if one.time is not None else None,
        received=shared.received,
        data=one.data,
        control=one.control,
        state=state,
        reason=reason,
    )


def _trigger(one: Event, record: EventRecord, shared: _Shared) -> dict[str, Any]:
    return {
        "data": one.data,
        "type": one.type,
        "id": one.id,
        "time": one.time.isoformat() if one.time is not None else None,
        "account": record.account,
        "source": write_id("src", record.source),
        "request": write_id("req", record.request),
        "event": write_id("evt", record.id),
        **shared.trigger,
    }
