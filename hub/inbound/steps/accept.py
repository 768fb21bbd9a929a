"""Step 8, accept: one transaction keeps request, events, executions, nonce and secrets, or nothing is kept.

Duplicates are found in that transaction: an event whose source, account and id were accepted before starts nothing, and
its outcome names the executions of the first one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from hub.errors import NonceReplayed
from hub.inbound.leases import return_leases
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import AcceptedRequest, PreparedRequest
from hub.model.ids import write_id
from hub.model.stored.execution import NewExecution
from hub.model.stored.inbound import Acceptance, Accepted, NewEvent, RequestRecord
from hub.ports.store import Store
from hub.sdk.dialect import Refusal, StartedExecution

__all__ = ["accept"]

log = structlog.get_logger(__name__)


async def accept(prepared: PreparedRequest, parts: PipelineParts) -> AcceptedRequest:
    """Commit the request, then let the engine run what is new; a request that could not be read is held.

    Raises:
        RequestRefused: 401, its nonce was used before with another body.
        StaleSource: The source changed since the request was identified; nothing was kept.
        StoreUnavailable: Nothing was kept.
    """
    verified = prepared.read.verified
    source, events = verified.identified.source, prepared.events
    record = verified.record
    if prepared.read.failure:
        record = replace(record, state="held", step="read", reason=prepared.read.failure)
    fresh: Sequence[NewExecution] = ()
    try:
        accepted = await _commit(record, prepared, parts.store)
        fresh = _fresh(events, accepted)
    except NonceReplayed as error:
        reason = "the nonce was used before with another body"
        raise RequestRefused(Refusal("accept", "nonce", 401, reason)) from error
    finally:
        return_leases(events, parts.engine, fresh)
    # From here on the request is accepted, whatever else fails: a sender that is answered an error sends it again.
    _carefully(record, lambda: parts.emitter.emit(record, events, accepted))
    _carefully(record, lambda: parts.engine.start(fresh))
    _carefully(record, lambda: parts.secret_uses.note(source, verified.matched, record.received))
    return AcceptedRequest(prepared, accepted.duplicate, _started(events, accepted))


def _carefully(record: RequestRecord, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        log.exception("a step after the commit failed", request=write_id("req", record.id))


def _commit(record: RequestRecord, prepared: PreparedRequest, store: Store) -> Awaitable[Accepted]:
    verified = prepared.read.verified
    if verified.origin == "release":
        return store.inbound.release(record.org, record.id, prepared.events)
    generation = verified.identified.source.generation
    acceptance = Acceptance(record, generation, prepared.events, nonce=verified.grant.once)
    return store.inbound.hold(acceptance) if record.state == "held" else store.inbound.accept(acceptance)


def _fresh(events: Sequence[NewEvent], accepted: Accepted) -> list[NewExecution]:
    """The executions of events that are not duplicates."""
    return [
        execution
        for event, outcome in zip(events, accepted.events, strict=False)
        if not outcome.duplicate
        for execution in event.executions
    ]


def _started(events: Sequence[NewEvent], accepted: Accepted) -> tuple[StartedExecution, ...]:
    """The executions of every event; those of a duplicate were started by the first one."""
    started = []
    for event, outcome in zip(events, accepted.events, strict=False):
        for number, execution in enumerate(outcome.executions):
            # Today's filters may choose fewer workflows for a duplicate than there were for the first one.
            own = event.executions[number].workflow if number < len(event.executions) else None
            if own is not None:
                started.append(StartedExecution(own, execution, event.record.data))
    return tuple(started)
