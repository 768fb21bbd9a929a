"""Step 8, accept: one transaction keeps request, events, executions, nonce and secrets, or nothing is kept.

Duplicates are found in that transaction: an event whose source, account and id were accepted before starts nothing, and
its outcome names the executions of the first one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
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
from hub.model.turns import Turns
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.sdk.dialect import Refusal, StartedExecution

__all__ = ["accept"]

log = structlog.get_logger(__name__)

_STARTED_AT_ONCE = 64


async def accept(prepared: PreparedRequest, parts: PipelineParts) -> AcceptedRequest:
    """Commit the request, then let the engine run what is new; a request that could not be read is held.

    Other requests are served while those of a large batch are written and started.

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
    fresh: list[NewExecution] = []
    try:
        accepted = await _commit(record, prepared, parts.store)
        fresh = _fresh(events, accepted)
    except NonceReplayed as error:
        reason = "the nonce was used before with another body"
        raise RequestRefused(Refusal("accept", "nonce", 401, reason)) from error
    finally:
        return_leases(events, parts.engine, fresh)
    # From here on the request is accepted, whatever else fails: a sender that is answered an error sends it again.
    started: tuple[StartedExecution, ...] = ()
    with _carefully(record):
        parts.emitter.request(record, duplicate=accepted.duplicate)
        await parts.emitter.events(record, events, accepted)
    with _carefully(record):
        await _start(fresh, parts.engine)
    with _carefully(record):
        parts.secret_uses.note(source, verified.matched, record.received)
    with _carefully(record):
        started = await _started(events, accepted)
    return AcceptedRequest(prepared, accepted.duplicate, started)


@contextmanager
def _carefully(record: RequestRecord) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("a step after the commit failed", request=write_id("req", record.id))


def _commit(record: RequestRecord, prepared: PreparedRequest, store: Store) -> Awaitable[Accepted]:
    verified = prepared.read.verified
    if verified.origin == "release":
        return store.inbound.release(record.org, record.id, prepared.events, prepared.read.files)
    generation = verified.identified.source.generation
    acceptance = Acceptance(record, generation, prepared.events, nonce=verified.grant.once, files=prepared.read.files)
    return store.inbound.accept(acceptance)


def _fresh(events: Sequence[NewEvent], accepted: Accepted) -> list[NewExecution]:
    """The executions of events that are not duplicates."""
    return [
        execution
        for event, outcome in zip(events, accepted.events, strict=False)
        if not outcome.duplicate
        for execution in event.executions
    ]


async def _start(fresh: Sequence[NewExecution], engine: Engine) -> None:
    turns = Turns()
    for start in range(0, len(fresh), _STARTED_AT_ONCE):
        if turns.over:
            await turns.give()
        engine.start(fresh[start : start + _STARTED_AT_ONCE])


async def _started(events: Sequence[NewEvent], accepted: Accepted) -> tuple[StartedExecution, ...]:
    """The executions of every event; those of a duplicate were started by the first one."""
    started = []
    turns = Turns()
    for event, outcome in zip(events, accepted.events, strict=False):
        if turns.over:
            await turns.give()
        for number, execution in enumerate(outcome.executions):
            # Today's filters may choose fewer workflows for a duplicate than there were for the first one.
            own = event.executions[number].workflow if number < len(event.executions) else None
            if own is not None:
                started.append(StartedExecution(own, execution, event.record.data))
    return tuple(started)
