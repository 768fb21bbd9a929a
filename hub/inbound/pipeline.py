"""The way of a request, composed: identify, admit, guard, challenge, verify, read, event, accept, reply (design 3)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from hub.errors import Reject, StaleSource, StoreUnavailable, Unavailable
from hub.inbound.evidence.fingerprints import Evidence
from hub.inbound.evidence.refusals import Refused, answer
from hub.inbound.evidence.secret_uses import SecretUses
from hub.inbound.http.arrival import Arrival
from hub.inbound.http.body import read_body
from hub.inbound.http.limits import Limits
from hub.inbound.inbound_request import Journey
from hub.inbound.source_context import Contexts
from hub.inbound.steps.accept import Acceptor
from hub.inbound.steps.admit import admit
from hub.inbound.steps.challenge import challenge
from hub.inbound.steps.event import Circumstances, Starter
from hub.inbound.steps.identify import Identified, identify, meant
from hub.inbound.steps.read import Reading, read
from hub.inbound.steps.reply import Replier
from hub.inbound.steps.verify import Asked, verify
from hub.inbound.trigger_context import seen
from hub.model.ids import write_id
from hub.model.wire.grant import Grant
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.sdk.context import Source
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = ["Parts", "Pipeline"]

log = structlog.get_logger(__name__)

_STALE_TRIES = 3
_FEW = 4
_SMALL = 16 * 1024
"""Events and bytes of a body up to which executions may be worked out before they are accepted."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the pipeline works with.

    Attributes:
        max_body: Cap in bytes where neither source nor vendor sets one.
        body_seconds: Longest time a body may take.
        request_seconds: Clock of a request where its vendor names no deadline.
    """

    store: Store
    plugins: Plugins
    engine: Engine
    starter: Starter
    acceptor: Acceptor
    replier: Replier
    contexts: Contexts
    evidence: Evidence
    limits: Limits
    max_body: int = 1 << 20
    body_seconds: float = 30.0
    request_seconds: float = 10.0


class Pipeline:
    """Takes an arrival to its reply.

    Attributes:
        unknown: Requests to sources that there are not, since the start; they are counted and not kept.
    """

    def __init__(self, parts: Parts) -> None:
        self.unknown = 0
        self._parts = parts
        self._uses = SecretUses(parts.store.sources)

    async def handle(self, arrival: Arrival) -> Reply:
        """The reply to a request; a 2xx is returned only after the commit.

        Raises:
            ConnectionError: The sender hung up before its request was complete.
        """
        journey = Journey(arrival, self._parts.contexts.base_url)
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
            if journey.counted:
                self._parts.limits.leave(journey.identified.gate.source.id)
        return self._refuse(journey, refusal)

    async def _travel(self, journey: Journey) -> Reply:
        """Take the way again with the renewed snapshot when the source changed before the commit."""
        for _ in range(_STALE_TRIES):
            try:
                return await self._once(journey)
            except StaleSource:
                continue
        raise StaleSource

    async def _once(self, journey: Journey) -> Reply:
        parts, arrival = self._parts, journey.arrival
        journey.step = "identify"
        if all(one.name != arrival.dialect.name for one in parts.plugins.dialects):
            reason = f"the plugin of the dialect {arrival.dialect.title} is not active"
            raise Refused(Refusal("identify", "plugin", 503, reason, retry_after=60))
        found = journey.found = identify(arrival, parts.store.snapshot)
        journey.matched = [] if found.secret is None else [found.secret.id]
        vendor, lent = self._vendor(arrival, found)
        journey.vendor = None if lent else vendor

        journey.step = "admit"
        if journey.body is None:
            journey.body = await self._admit(journey, found, vendor)
        request = journey.request()
        clock = journey.clock = RequestClock(vendor.deadline if vendor is not None else parts.request_seconds)
        context = parts.contexts.of(found, vendor, request, clock)

        if parts.plugins.has_guards:
            journey.step = "guard"
            await self._guard(request, context, clock)
        if vendor is not None:
            journey.step = "challenge"
            reply = await challenge(request, context, vendor, parts.plugins, clock)
            if reply is not None:
                await parts.acceptor.challenged(journey, request, reply)
                return reply
        if lent:
            _own_method(arrival, found)
            vendor, context = None, parts.contexts.of(found, None, request, clock)

        journey.step = "verify"
        grant = await self._verify(journey, request, vendor, context)
        request = parts.evidence.cleaned(request, found.gate.source)
        journey.step = "read"
        reading = read(request, arrival.dialect, vendor, context, parts.plugins)
        self._known_vendor(arrival)
        return await self._accept(journey, request, context, grant, reading)

    def _vendor(self, arrival: Arrival, found: Identified) -> tuple[Vendor | None, bool]:
        """The bound vendor, or the one that `vendor=` lends (then True)."""
        plugins, bound = self._parts.plugins, found.gate.source.spec.vendor
        if bound is not None:
            vendor = plugins.vendor(bound)
            if vendor is None:
                reason = f"the plugin of vendor {bound} is {plugins.vendor_status(bound)}"
                raise Refused(Refusal("admit", "plugin", 503, reason, retry_after=60))
            return vendor, False
        named = _named_vendor(arrival)
        lent = plugins.vendor(named) if named is not None else None
        return lent, lent is not None

    async def _admit(self, journey: Journey, found: Identified, vendor: Vendor | None) -> bytes:
        arrival, parts, spec = journey.arrival, self._parts, found.gate.source.spec
        key = await admit(arrival, found, vendor, parts.limits)
        if key is not None:
            journey.matched.append(key.id)
        if spec.max_concurrent is not None:
            if not parts.limits.enter(found.gate.source.id, spec.max_concurrent):
                reason = f"more than {spec.max_concurrent} requests at once"
                raise Refused(Refusal("admit", "concurrency", 429, reason, "Too many requests", 1))
            journey.counted = True
        cap = spec.max_body_bytes
        if cap is None:
            cap = vendor.max_body if vendor is not None and vendor.max_body is not None else parts.max_body
        return await read_body(arrival, cap, parts.body_seconds)

    async def _guard(self, request: Request, context: Source, clock: RequestClock) -> None:
        try:
            await self._parts.plugins.guard(request, context, clock)
        except Unavailable as unavailable:
            raise Refused(Refusal("guard", "plugin", 503, unavailable.reason)) from unavailable
        except Reject as reject:
            raise Refused(Refusal("guard", "guard", reject.status, reject.reason)) from reject

    async def _verify(self, journey: Journey, request: Request, vendor: Vendor | None, context: Source) -> Grant:
        """The grant; in report-only mode of a source whose URL secret matched, a refusal becomes a note."""
        found = journey.identified
        asked = Asked(vendor, context, self._parts.plugins, journey.clock) if vendor is not None else None
        try:
            verified = await verify(journey.arrival, found.gate, request, asked)
        except Refused as refused:
            report_only = found.gate.source.spec.verification == "report" and found.secret is not None
            if not report_only or refused.refusal.status >= 500:
                raise
            journey.note = f"report only, would be refused: {refused.refusal.reason}"
            return Grant()
        journey.matched += verified.matched
        return verified.grant

    def _known_vendor(self, arrival: Arrival) -> None:
        named, plugins = _named_vendor(arrival), self._parts.plugins
        if named is not None and plugins.vendor(named) is None:
            known = ", ".join(sorted(plugins.vendors)) or "none"
            public = f"Unsupported vendor: {named[:100]}. Supported vendors: {known}"
            raise Refused(Refusal("read", "vendor", 400, public, public))

    async def _accept(
        self, journey: Journey, request: Request, context: Source, grant: Grant, reading: Reading
    ) -> Reply:
        parts, arrival, found = self._parts, journey.arrival, journey.identified
        waits = parts.replier.waits(journey)
        if waits and parts.engine.saturated():
            reason = "no slot is free for another waiting sender"
            raise Refused(Refusal("accept", "saturated", 503, reason, "Too many waiting requests", 2))
        journey.step = "event"
        spec = found.gate.source.spec
        headers = parts.evidence.visible(arrival, found.gate.source, arrival.received)
        about = Circumstances(
            request=arrival.id,
            source=found.gate.source,
            snapshot=found.snapshot,
            received=arrival.received,
            account=grant.account,
            seen=seen(spec, request, reading, headers, request.query),
            flavour=arrival.route.flavour,
            waiting=waits,
            brief=len(reading.events) <= _FEW and len(request.body) <= _SMALL,
        )
        events, responds = await parts.starter.start(reading.events, about, journey.clock)
        committed = await parts.acceptor.accept(journey, request, grant, events, reading.failure)
        self._uses.note(found.gate.source, journey.matched, arrival.received)
        journey.step = "reply"
        reply = await parts.replier.reply(journey, request, context, grant, reading, committed, responds=responds)
        await parts.acceptor.keep(journey, reply)
        return reply

    def _refuse(self, journey: Journey, refusal: Refusal) -> Reply:
        """Every refusal is kept where the operator sees it; those of unknown sources are only counted."""
        arrival, parts = journey.arrival, self._parts
        reply = answer(refusal, arrival.dialect, journey.vendor)
        if journey.found is None or not journey.found.gate.known:
            journey.found = meant(arrival, parts.store.snapshot)
        if journey.found is None:
            self.unknown += 1
            log.info("refused", step=refusal.step, check=refusal.check, status=reply.status, client=arrival.client)
        else:
            asyncio.get_running_loop().call_soon(self._keep_refusal, journey, refusal, reply.status)
        return reply

    def _keep_refusal(self, journey: Journey, refusal: Refusal, status: int) -> None:
        """After the answer has left: how long it took says nothing about whether the source exists."""
        try:
            self._parts.acceptor.refused(journey, refusal, status)
        except Exception:
            log.exception("a refusal was not kept", request=write_id("req", journey.arrival.id))


def _named_vendor(arrival: Arrival) -> str | None:
    named = arrival.query.all("vendor") if arrival.dialect.echoes else ()
    return named[-1] if named else None


def _own_method(arrival: Arrival, found: Identified) -> None:
    """A lent vendor's methods are for its handshake only."""
    if arrival.method not in found.gate.source.spec.methods:
        reason = f"{arrival.method} is allowed for a handshake of the vendor named in the URL only"
        raise Refused(Refusal("admit", "method", 405, reason))
