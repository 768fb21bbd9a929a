"""Step 8, accept: one transaction keeps request, events, executions, nonce and secrets, or nothing is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from hub.errors import NonceReplayed
from hub.inbound.evidence.fingerprints import Evidence
from hub.inbound.evidence.records import Witness
from hub.inbound.evidence.refusals import Refused
from hub.inbound.inbound_request import Journey
from hub.model.stored.execution import NewExecution
from hub.model.stored.inbound import Acceptance, Accepted, KeptSecret, NewEvent, RequestRecord, RequestState
from hub.model.wire.grant import Grant
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.sdk.dialect import Refusal, Started

__all__ = ["Acceptor", "Committed"]


@dataclass(frozen=True, slots=True)
class Committed:
    """The committed outcome, and the executions to tell the sender of: first ones for duplicates."""

    accepted: Accepted
    started: tuple[Started, ...]


class Acceptor:
    """Commits, then lets the engine run what is new."""

    def __init__(self, store: Store, engine: Engine, evidence: Evidence, witness: Witness) -> None:
        self._store = store
        self._engine = engine
        self._evidence = evidence
        self._witness = witness

    async def accept(
        self, journey: Journey, request: Request, grant: Grant, events: Sequence[NewEvent], failure: str
    ) -> Committed:
        """Keep a verified request; with a `failure` it is held.

        Raises:
            Refused: 401, its nonce was used before with another body.
            StaleSource: The source changed meanwhile; take the way again.
            StoreUnavailable: Nothing was kept.
        """
        state: RequestState = "held" if failure else "accepted"
        if not failure:
            journey.step = "accept"
        record = journey.record(request, self._evidence, state, failure or journey.note, 200, grant)
        generation = journey.identified.gate.source.generation
        acceptance = Acceptance(record, generation, tuple(events), nonce=grant.once)
        operation = self._store.inbound.hold if failure else self._store.inbound.accept
        try:
            return await self.commit(record, events, operation(acceptance))
        except NonceReplayed as error:
            raise Refused(Refusal("accept", "nonce", 401, "the nonce was used before with another body")) from error

    async def commit(
        self, record: RequestRecord, events: Sequence[NewEvent], operation: Awaitable[Accepted]
    ) -> Committed:
        """Let the engine run what is new of `events` once `operation` has committed them; what it raises passes."""
        fresh: Sequence[NewExecution] = ()
        try:
            accepted = await operation
            fresh = _fresh(events, accepted)
        finally:
            self._unlease(events, fresh)
        self._witness.saw(record, events, accepted)
        self._engine.start(fresh)
        return Committed(accepted, _started(events, accepted))

    async def challenged(self, journey: Journey, request: Request, reply: Reply) -> None:
        """Keep an answered handshake with the secrets that its reply keeps; they fill empty slots only."""
        keep = tuple(KeptSecret(one.slot, one.value, one.label, replace=False) for one in reply.keep)
        record = journey.record(request, self._evidence, "challenge", "handshake answered", reply.status)
        await self._store.inbound.accept(Acceptance(record, journey.identified.gate.source.generation, keep=keep))
        self._witness.saw(record)

    def refused(self, journey: Journey, refusal: Refusal, status: int) -> None:
        """Keep a refusal, without waiting for it."""
        record = journey.refused(refusal, self._evidence, status)
        self._store.inbound.refuse(record)
        self._witness.saw(record)

    async def keep(self, journey: Journey, reply: Reply) -> None:
        """Store the secrets that a vendor's reply keeps, before it leaves."""
        if reply.keep:
            source = journey.identified.gate.source
            keep = tuple(KeptSecret(one.slot, one.value, one.label) for one in reply.keep)
            await self._store.sources.keep(source.org, source.id, keep)

    def _unlease(self, events: Sequence[NewEvent], fresh: Sequence[NewExecution]) -> None:
        """Give back the leases of executions that were not accepted."""
        born = {one.id for one in fresh}
        for event in events:
            for one in event.executions:
                if one.lease is not None and one.id not in born:
                    self._engine.unlease(one.lease)


def _started(events: Sequence[NewEvent], accepted: Accepted) -> tuple[Started, ...]:
    started = []
    for event, outcome in zip(events, accepted.events, strict=False):
        for number, execution in enumerate(outcome.executions):
            own = event.executions[number].workflow if number < len(event.executions) else None
            if own is not None:
                started.append(Started(own, execution, event.record.data))
    return tuple(started)


def _fresh(events: Sequence[NewEvent], accepted: Accepted) -> list[NewExecution]:
    return [
        execution
        for event, outcome in zip(events, accepted.events, strict=False)
        if not outcome.duplicate
        for execution in event.executions
    ]
