"""The way of a request, composed: identify, admit, guard, challenge, verify, read, event, accept, reply (design 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from hub.errors import NonceReplayed, Reject, StaleSource, StoreUnavailable, Unavailable
from hub.inbound.admit import admit
from hub.inbound.arrival import Arrival
from hub.inbound.body import read_body
from hub.inbound.challenge import challenge
from hub.inbound.context import Contexts
from hub.inbound.evidence import KEPT_REFUSED_BODY, Evidence
from hub.inbound.identify import Identified, identify, meant
from hub.inbound.limits import Limits
from hub.inbound.read import Reading, read
from hub.inbound.refused import Refused, answer
from hub.inbound.replying import NodeOutputs, echoed, mode_reply, responded, vendor_reply, with_custom
from hub.inbound.starting import Circumstances, Starter
from hub.inbound.verify import verify
from hub.model.execution import ExecutionRecord, NewExecution
from hub.model.grant import Grant, Outcome
from hub.model.ids import Id, write_id
from hub.model.inbound import Acceptance, Accepted, KeptSecret, NewEvent, RequestRecord
from hub.model.reply import Reply
from hub.model.request import Request
from hub.plugins.clock import RequestClock
from hub.plugins.context import Source
from hub.plugins.dialect import Receipt, Refusal, Started, Waited
from hub.plugins.host import Plugins
from hub.plugins.vendor import Vendor
from hub.ports.engine import Engine
from hub.ports.store import Store

__all__ = ["Envelope", "Parts", "Pipeline", "StatusUrl"]

log = structlog.get_logger(__name__)

Envelope = Callable[[ExecutionRecord], Awaitable[dict[str, Any] | None]]
"""Execution -> download envelope when its result is over the threshold, else None."""
StatusUrl = Callable[[Id, Id], str]
"""Org and execution -> a URL that tells its state to whoever holds it."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the pipeline works with.

    Attributes:
        max_body: Cap in bytes where neither source nor vendor sets one.
        body_seconds: Longest time a body may take.
        request_seconds: Clock of a request where its vendor names no deadline.
        wait_seconds: Longest wait of a synchronous answer.
    """

    store: Store
    plugins: Plugins
    engine: Engine
    starter: Starter
    contexts: Contexts
    evidence: Evidence
    limits: Limits
    outputs: NodeOutputs
    envelope: Envelope
    status_url: StatusUrl
    max_body: int = 1 << 20
    body_seconds: float = 30.0
    request_seconds: float = 10.0
    wait_seconds: float = 30.0


@dataclass(slots=True)
class _Journey:
    """How far a request has come, for the evidence of a refusal."""

    arrival: Arrival
    step: str = "identify"
    found: Identified | None = None
    vendor: Vendor | None = None
    body: bytes | None = None
    entered: bool = False
    note: str = ""
    clock: RequestClock | None = None


class Pipeline:
    """Takes an arrival to its reply."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def handle(self, arrival: Arrival) -> Reply:
        """The reply to a request; a 2xx is returned only after the commit.

        Raises:
            ConnectionError: The sender hung up before its request was complete.
        """
        journey = _Journey(arrival)
        try:
            return await self._travel(journey)
        except Refused as refused:
            refusal = refused.refusal
        except StoreUnavailable as error:
            refusal = Refusal("accept", "store", 503, str(error), retry_after=5)
        except StaleSource:
            refusal = Refusal("accept", "stale", 503, "the source kept changing while it was checked", retry_after=1)
        except ConnectionError:
            raise
        except Exception as error:
            log.exception("request failed", step=journey.step, request=write_id("req", arrival.id))
            refusal = Refusal(journey.step, "internal", 503, f"internal error: {type(error).__name__}", retry_after=5)
        finally:
            if journey.entered and journey.found is not None:
                self._parts.limits.leave(journey.found.gate.source.id)
        reply = answer(refusal, arrival.dialect, journey.vendor)
        self._keep_refused(journey, refusal, reply.status)
        return reply

    async def _travel(self, journey: _Journey) -> Reply:
        """Retries with the renewed snapshot when the source changed before the commit."""
        for _ in range(3):
            try:
                return await self._once(journey)
            except StaleSource:
                continue
        raise StaleSource

    async def _once(self, journey: _Journey) -> Reply:
        arrival, parts = journey.arrival, self._parts
        journey.step = "identify"
        found = journey.found = identify(arrival, parts.store.snapshot)
        source = found.gate.source
        vendor, lent = self._vendor(arrival, found)
        journey.vendor = vendor if not lent else None

        journey.step = "admit"
        await self._admit(journey, found, vendor)
        request = self._request(arrival, journey.body or b"")
        clock = journey.clock = RequestClock(vendor.deadline if vendor is not None else parts.request_seconds)

        context = parts.contexts.of(found, vendor, request, clock)
        if parts.plugins.has_guards:
            journey.step = "guard"
            await self._guard(request, context, clock)
        if vendor is not None:
            journey.step = "challenge"
            reply = await challenge(request, context, vendor, parts.plugins, clock)
            if reply is not None:
                return await self._challenged(journey, request, reply)
        if lent:
            if arrival.method not in source.spec.methods:
                reason = f"{arrival.method} is allowed for {vendor.name if vendor else ''} handshakes only"
                raise Refused(Refusal("admit", "method", 405, reason))
            vendor = None
            context = parts.contexts.of(found, None, request, clock)

        journey.step = "verify"
        grant = await self._verify(journey, request, vendor, context, clock)
        journey.step = "read"
        reading = read(request, arrival.dialect, vendor, context)
        self._known_vendor(arrival)
        return await self._accept(journey, request, vendor, context, grant, reading)

    def _vendor(self, arrival: Arrival, found: Identified) -> tuple[Vendor | None, bool]:
        """The bound vendor, or the one that `vendor=` lends (then True)."""
        plugins = self._parts.plugins
        bound = found.gate.source.spec.vendor
        named = arrival.query.all("vendor") if arrival.dialect.echoes else ()
        if bound is None:
            return (plugins.vendor(named[-1]), True) if named and plugins.vendor(named[-1]) else (None, False)
        vendor = plugins.vendor(bound)
        if vendor is None:
            status = plugins.vendor_status(bound)
            raise Refused(Refusal("admit", "plugin", 503, f"the plugin of vendor {bound} is {status}", retry_after=60))
        return vendor, False

    def _known_vendor(self, arrival: Arrival) -> None:
        named = arrival.query.all("vendor") if arrival.dialect.echoes else ()
        if named and self._parts.plugins.vendor(named[-1]) is None:
            known = ", ".join(sorted(self._parts.plugins.vendors)) or "none"
            public = f"Unsupported vendor: {named[-1][:100]}. Supported vendors: {known}"
            raise Refused(Refusal("read", "vendor", 400, public, public))

    async def _admit(self, journey: _Journey, found: Identified, vendor: Vendor | None) -> None:
        arrival, parts, spec = journey.arrival, self._parts, found.gate.source.spec
        if journey.body is not None:
            return
        await admit(arrival, found, vendor, parts.limits)
        unpublished = found.workflow is not None and found.workflow.id not in found.snapshot.published
        if unpublished and arrival.route.flavour != "draft":
            raise Refused(Refusal("admit", "unpublished", 404, "the workflow is not published"))
        if spec.max_concurrent is not None and not journey.entered:
            if not parts.limits.enter(found.gate.source.id, spec.max_concurrent):
                reason = f"more than {spec.max_concurrent} requests at once"
                raise Refused(Refusal("admit", "concurrency", 429, reason, "Too many requests", 1))
            journey.entered = True
        cap = spec.max_body_bytes
        if cap is None:
            cap = vendor.max_body if vendor is not None and vendor.max_body is not None else parts.max_body
        journey.body = await read_body(arrival, cap, parts.body_seconds)

    def _request(self, arrival: Arrival, body: bytes) -> Request:
        query = f"?{arrival.raw_query}" if arrival.raw_query else ""
        return Request(
            id=write_id("req", arrival.id),
            method=arrival.method,
            client=arrival.client,
            body=body,
            headers=arrival.headers,
            url=f"{self._parts.contexts.base_url}{arrival.path}{query}",
            received=datetime.fromtimestamp(arrival.received / 1_000_000, UTC),
        )

    async def _guard(self, request: Request, context: Source, clock: RequestClock) -> None:
        try:
            await self._parts.plugins.guard(request, context, clock)
        except Unavailable as unavailable:
            raise Refused(Refusal("guard", "plugin", 503, unavailable.reason)) from unavailable
        except Reject as reject:
            raise Refused(Refusal("guard", "guard", reject.status, reject.reason)) from reject

    async def _challenged(self, journey: _Journey, request: Request, reply: Reply) -> Reply:
        """Commit what the handshake keeps, then answer; no execution starts."""
        found = journey.found
        if found is None:
            raise AssertionError
        source = found.gate.source
        keep = tuple(KeptSecret(one.slot, one.value, one.label, replace=False) for one in reply.keep)
        record = self._record(journey, request, "challenge", "challenge", "handshake answered", reply.status)
        await self._parts.store.inbound.accept(Acceptance(record, source.generation, keep=keep))
        return reply

    async def _verify(
        self, journey: _Journey, request: Request, vendor: Vendor | None, context: Source, clock: RequestClock
    ) -> Grant:
        found = journey.found
        if found is None:
            raise AssertionError
        try:
            return await verify(journey.arrival, found.gate, request, vendor, context, self._parts.plugins, clock)
        except Refused as refused:
            report_only = found.gate.source.spec.verification == "report" and found.secret is not None
            if not report_only or refused.refusal.status >= 500:
                raise
            journey.note = f"report only, would be refused: {refused.refusal.reason}"
            return Grant()

    async def _accept(
        self,
        journey: _Journey,
        request: Request,
        vendor: Vendor | None,
        context: Source,
        grant: Grant,
        reading: Reading,
    ) -> Reply:
        arrival, parts, found, clock = journey.arrival, self._parts, journey.found, journey.clock
        if found is None or clock is None:
            raise AssertionError
        source = found.gate.source
        mode = source.spec.response
        waiting = arrival.route.flavour == "wait" or mode.mode != "minimal"
        if waiting and parts.engine.saturated():
            reason = "no slot is free for another waiting sender"
            raise Refused(Refusal("accept", "saturated", 503, reason, "Too many waiting requests", 2))
        journey.step = "event"
        about = Circumstances(
            request=arrival.id,
            source=source,
            snapshot=found.snapshot,
            received=arrival.received,
            account=grant.account,
            seen=self._seen(arrival, found, request, reading),
            flavour=arrival.route.flavour,
            waiting=waiting,
        )
        events, responds = await parts.starter.start(reading.events, about, clock)
        journey.step = "accept"
        fresh: Sequence[NewExecution] = ()
        try:
            accepted = await self._commit(journey, request, grant, reading, events)
            fresh = _fresh(events, accepted)
        finally:
            self._unlease(events, fresh)
        parts.engine.start(fresh)
        started = _started(events, accepted)
        journey.step = "reply"
        parsed = reading.parsed
        payload = parsed.whole if parsed is not None else None
        batch = parsed.batch if parsed is not None and vendor is None else len(reading.events) > 1
        receipt = Receipt(request, source, started, payload, batch, accepted.duplicate)
        waited = await self._wait(receipt, arrival, found) if started and (waiting or responds) else None
        if waited is not None:
            early = next((reply for one in waited.executions if one is not None and (reply := responded(one))), None)
            if early is not None:
                return with_custom(early, mode)
            if mode.mode != "minimal" and arrival.route.flavour != "wait":
                return with_custom(await mode_reply(mode, waited, parts.outputs), mode)
        if arrival.route.flavour == "wait" and arrival.dialect.waited is not None:
            return with_custom(arrival.dialect.waited(waited or Waited(receipt, ())), mode)
        if vendor is not None:
            result = waited.executions[-1].result if waited is not None and waited.executions[-1] is not None else None
            outcome = Outcome(reading.events, grant, accepted.duplicate, result)
            reply = await vendor_reply(request, context, vendor, outcome, parts.plugins, clock)
            if reply is not None:
                if reply.keep:
                    keep = tuple(KeptSecret(one.slot, one.value, one.label) for one in reply.keep)
                    await parts.store.sources.keep(source.org, source.id, keep)
                return with_custom(reply, mode)
        return with_custom(echoed(arrival, receipt) or arrival.dialect.accepted(receipt), mode)

    def _unlease(self, events: Sequence[NewEvent], fresh: Sequence[NewExecution]) -> None:
        """Give back the leases of executions that were not accepted."""
        born = {one.id for one in fresh}
        for event in events:
            for one in event.executions:
                if one.lease is not None and one.id not in born:
                    self._parts.engine.unlease(one.lease)

    def _seen(self, arrival: Arrival, found: Identified, request: Request, reading: Reading) -> dict[str, Any]:
        source = found.gate.source
        headers = self._parts.evidence.visible(arrival, source, arrival.received)
        whole = reading.parsed.whole if reading.parsed is not None else None
        seen: dict[str, Any] = {"headers": headers, "query": _query(arrival)}
        if len(reading.events) != 1 or reading.events[0].data is not whole:
            seen["body"] = whole
        if source.spec.header_variable or source.spec.body_variable:
            variables: dict[str, Any] = {}
            if source.spec.header_variable:
                variables[source.spec.header_variable] = headers
            if source.spec.body_variable:
                text = request.body.decode("utf-8", "replace")
                variables[source.spec.body_variable] = whole if whole is not None or not text else text
            seen["variables"] = variables
        return seen

    async def _commit(
        self, journey: _Journey, request: Request, grant: Grant, reading: Reading, events: Sequence[NewEvent]
    ) -> Accepted:
        found, store = journey.found, self._parts.store
        if found is None:
            raise AssertionError
        held = bool(reading.failure)
        record = self._record(
            journey,
            request,
            "held" if held else "accepted",
            "read" if held else "accept",
            reading.failure or journey.note,
            200,
            grant,
        )
        acceptance = Acceptance(record, found.gate.source.generation, tuple(events), nonce=grant.once)
        try:
            return await (store.inbound.hold(acceptance) if held else store.inbound.accept(acceptance))
        except NonceReplayed as error:
            raise Refused(Refusal("accept", "nonce", 401, "the nonce was used before with another body")) from error

    def _record(
        self,
        journey: _Journey,
        request: Request,
        state: Any,
        step: str,
        reason: str,
        status: int,
        grant: Grant | None = None,
    ) -> RequestRecord:
        arrival, found = journey.arrival, journey.found
        if found is None:
            raise AssertionError
        source, evidence = found.gate.source, self._parts.evidence
        matched = grant.secret if grant is not None else None
        return RequestRecord(
            org=source.org,
            id=arrival.id,
            source=source.id,
            received=arrival.received,
            method=arrival.method,
            url=evidence.url(arrival, found.target.secret),
            headers=evidence.headers(arrival, journey.vendor.redact if journey.vendor is not None else ()),
            body=request.body,
            size=len(request.body),
            digest=request.digest,
            client=arrival.client,
            dialect=arrival.dialect.name,
            state=state,
            step=step,
            reason=reason,
            status=status,
            vendor=source.spec.vendor,
            secret=bytes.fromhex(matched.id) if matched is not None else found.secret.id if found.secret else None,
            account=grant.account if grant is not None else None,
        )

    async def _wait(self, receipt: Receipt, arrival: Arrival, found: Identified) -> Waited:
        """Every execution's end, or None for those that are not finished by the deadline."""
        parts, org = self._parts, found.gate.source.org
        deadline = arrival.received + int(parts.wait_seconds * 1_000_000)
        executions = [await parts.engine.wait(org, one.execution, deadline) for one in receipt.started]
        envelopes = [await parts.envelope(one) if one is not None else None for one in executions]
        urls = tuple(parts.status_url(org, one.execution) for one in receipt.started)
        return Waited(receipt, tuple(executions), tuple(envelopes), urls)

    def _keep_refused(self, journey: _Journey, refusal: Refusal, status: int) -> None:
        """Every refusal is kept where the operator sees it; those of unknown sources are only counted."""
        found = journey.found
        if found is None or not found.gate.known:
            found = meant(journey.arrival, self._parts.store.snapshot)
        if found is None:
            log.info("refused", step=refusal.step, check=refusal.check, status=status, client=journey.arrival.client)
            return
        journey.found = found
        body = (journey.body or b"")[:KEPT_REFUSED_BODY]
        request = self._request(journey.arrival, journey.body or b"")
        record = self._record(journey, request, "refused", refusal.step, refusal.reason, status)
        self._parts.store.inbound.refuse(replace(record, body=body))


def _query(arrival: Arrival) -> dict[str, Any]:
    query: dict[str, Any] = {}
    for name, value in arrival.query.pairs:
        if name not in query:
            query[name] = value
        elif isinstance(query[name], list):
            query[name].append(value)
        else:
            query[name] = [query[name], value]
    return query


def _started(events: Sequence[NewEvent], accepted: Accepted) -> tuple[Started, ...]:
    """Executions of the outcome, in event order, with the data that each was started with."""
    started = []
    for event, outcome in zip(events, accepted.events, strict=True):
        workflows = {one.id: one.workflow for one in event.executions}
        own = [one.workflow for one in event.executions]
        for number, execution in enumerate(outcome.executions):
            workflow = workflows.get(execution) or (own[number] if number < len(own) else None)
            if workflow is not None:
                started.append(Started(workflow, execution, event.record.data))
    return tuple(started)


def _fresh(events: Sequence[NewEvent], accepted: Accepted) -> list[NewExecution]:
    return [
        execution
        for event, outcome in zip(events, accepted.events, strict=True)
        if not outcome.duplicate
        for execution in event.executions
    ]
