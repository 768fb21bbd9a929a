"""Why a captured request would pass or fail: the very steps of the way, taken one by one, nothing kept or started.

What was compared is told; a secret, or a MAC that would have been right, never is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import isawaitable
from typing import Any

from hub.errors import Reject
from hub.inbound.evidence.fingerprints import Evidence
from hub.inbound.evidence.refusals import Refused
from hub.inbound.explain.hints import hints
from hub.inbound.gate import Gate
from hub.inbound.http.arrival import Arrival
from hub.inbound.http.limits import Limits
from hub.inbound.source_context import Contexts
from hub.inbound.steps.admit import API_KEY_HEADER, admit_checks, check_published
from hub.inbound.steps.identify import Identified, identify
from hub.inbound.steps.read import read
from hub.inbound.steps.verify import HMAC_HEADER, SHARED_KEY_QUERY, Asked, check_hmac, check_scheme, check_shared_key
from hub.model.ids import write_id
from hub.model.stored.source import API_KEY_SLOT, HMAC_SLOT, SHARED_KEY_SLOT, URL_SLOT, SourceRecord, StoredSecret
from hub.model.times import from_micros, to_micros
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.ports.store import Snapshot
from hub.sdk.context import Source
from hub.sdk.dialect import Refusal, Target
from hub.sdk.vendor import Vendor

__all__ = ["Explainer", "Explanation", "Found"]

_SECONDS = 10.0
_FINGERPRINT = "fp:"


@dataclass(frozen=True, slots=True)
class Found:
    """What one check found.

    Attributes:
        step: The step of the way: identify, admit, guard, challenge, verify, read.
        check: Which check of it.
        ok: None where it does not apply or cannot be told from what was captured.
        detail: What was compared, for the operator; no secret, no expected MAC.
        hints: What else would have passed, and therefore what probably went wrong.
    """

    step: str
    check: str
    ok: bool | None
    detail: str
    hints: tuple[str, ...] = ()


@dataclass(slots=True)
class Explanation:
    """All checks in order; the request would pass when none of them failed.

    Attributes:
        events: Type and id of each event that would be read.
    """

    steps: list[Found] = field(default_factory=list)
    events: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def passes(self) -> bool:
        """Whether no check failed."""
        return all(step.ok is not False for step in self.steps)

    @property
    def first_failure(self) -> Found | None:
        """The check that would refuse the request."""
        return next((step for step in self.steps if step.ok is False), None)


class Explainer:
    """Takes the steps.

    Args:
        plugins: Are asked as they would be.
        contexts: Makes what vendors are given.
        evidence: Recognises fingerprints that stand in place of credentials in kept requests.
    """

    def __init__(self, plugins: Plugins, contexts: Contexts, evidence: Evidence) -> None:
        self._plugins = plugins
        self._contexts = contexts
        self._evidence = evidence

    async def explain(
        self, snapshot: Snapshot, source: SourceRecord, arrival: Arrival, body: bytes, *, with_url: bool
    ) -> Explanation:
        """What each check would say.

        Args:
            snapshot: As of now.
            source: The source that the request is meant for.
            arrival: The captured request; `client` may be empty when it is not known.
            body: Its exact bytes.
            with_url: The captured URL is there, so that the credential in it can be checked.
        """
        said = Explanation()
        workflow = snapshot.workflows.get(source.workflow) if source.workflow is not None else None
        found = Identified(Gate.of(source), snapshot, workflow, Target(), None)
        vendor = self._vendor(source, said)
        self._identify(said, found, arrival, with_url=with_url)
        await self._admit(said, found, arrival, vendor)
        request = _request(arrival, body, self._contexts.base_url)
        clock = RequestClock(_SECONDS)
        try:
            context = self._contexts.of(found, vendor, request, clock)
        except Refused as refused:
            said.steps.append(_failed(refused.refusal))
            return said
        if self._plugins.has_guards:
            try:
                await self._plugins.guard(request, context, clock)
                said.steps.append(Found("guard", "guard", ok=True, detail="no plugin vetoes"))
            except Reject as reject:
                said.steps.append(Found("guard", "guard", ok=False, detail=reject.reason))
        if vendor is not None and vendor.challenge is not None:
            detail = f"{vendor.title} has an unsigned handshake, which would be answered here; it is not tried"
            said.steps.append(Found("challenge", "challenge", ok=None, detail=detail))
        await self._credentials(said, found, arrival, request)
        asked = Asked(vendor, context, self._plugins, clock) if vendor is not None else None
        await self._scheme(said, request, found.gate, asked)
        if all(step.ok is not False for step in said.steps if step.step == "verify"):
            self._read(said, arrival, request, vendor, context)
        return said

    def _vendor(self, source: SourceRecord, said: Explanation) -> Vendor | None:
        name = source.spec.vendor
        vendor = self._plugins.vendor(name) if name is not None else None
        if name is not None and vendor is None:
            detail = (
                f"the plugin of vendor {name} is {self._plugins.vendor_status(name)}: every request is answered 503"
            )
            said.steps.append(Found("admit", "plugin", ok=False, detail=detail))
        return vendor

    def _identify(self, said: Explanation, found: Identified, arrival: Arrival, *, with_url: bool) -> None:
        source, dialect = found.gate.source, arrival.dialect
        if not with_url:
            carried = dialect.slot if dialect.carried == "url" else None
            detail = f"no URL was given; as a request of the dialect {dialect.title}" + (
                f", whose URL carries the {carried} secret" if carried else ""
            )
            said.steps.append(Found("identify", "url", ok=None, detail=detail))
            return
        try:
            reached = identify(arrival, found.snapshot)
        except Refused as refused:
            said.steps.append(self._by_fingerprint(found, arrival) or _failed(refused.refusal))
            return
        same = reached.gate.source.id == source.id
        detail = "the URL names this source" if same else "the URL names another source"
        if same and reached.secret is not None:
            detail += f", and its credential matches {_named(reached.secret)}"
        said.steps.append(Found("identify", "url", ok=same, detail=detail))

    def _by_fingerprint(self, found: Identified, arrival: Arrival) -> Found | None:
        """A kept URL carries a fingerprint of its credential, which can be compared as well."""
        dialect = arrival.dialect
        presented = dialect.target(arrival.params, arrival.query).secret or ""
        if not presented.startswith(_FINGERPRINT) or dialect.slot not in {URL_SLOT, SHARED_KEY_SLOT}:
            return None
        for secret in found.gate.source.live(dialect.slot, arrival.received):
            if self._evidence.mark(secret.text) == presented:
                detail = f"the fingerprint of the URL's credential is that of {_named(secret)}"
                return Found("identify", "url", ok=True, detail=detail)
        return Found("identify", "url", ok=False, detail="the fingerprint in the URL is that of no live secret")

    async def _admit(self, said: Explanation, found: Identified, arrival: Arrival, vendor: Vendor | None) -> None:
        spec = found.gate.source.spec
        details = {
            "enabled": "the source is enabled",
            "method": f"{arrival.method} is allowed",
            "allowlist": f"{arrival.client} is in the allowlist" if spec.allowlist else "there is no allowlist",
            "api_key": f"the key in {API_KEY_HEADER} matches"
            if found.gate.source.has(API_KEY_SLOT)
            else "no API key is set",
        }
        for name, check in admit_checks(arrival.dialect):
            if name == "rate_limit" or (name == "allowlist" and spec.allowlist and not arrival.client):
                why = (
                    "explaining counts for no rate limit" if name == "rate_limit" else "the sender's address is unknown"
                )
                said.steps.append(Found("admit", name, ok=None, detail=why))
                continue
            if name == "api_key" and any(one.startswith(_FINGERPRINT) for one in arrival.headers.all(API_KEY_HEADER)):
                detail = f"{API_KEY_HEADER} is a fingerprint here; paste the key to check it"
                said.steps.append(Found("admit", name, ok=None, detail=detail))
                continue
            await _tried(said, "admit", name, details[name], partial(check, arrival, found, vendor, Limits()))
        await _tried(said, "admit", "published", "the workflow is published", partial(check_published, arrival, found))

    async def _credentials(self, said: Explanation, found: Identified, arrival: Arrival, request: Request) -> None:
        gate = found.gate
        if gate.source.has(HMAC_SLOT):
            number = len(gate.source.live(HMAC_SLOT, arrival.received))
            compared = (
                f"HMAC-SHA256 over {_body(request)} under {number} live HMAC secret(s), as lower-case hex, with "
                f"{_shown(request.headers.all(HMAC_HEADER), 'X-Webhook-Signature')}"
            )
            await _tried(said, "verify", "hmac", compared, partial(check_hmac, arrival, gate, request))
            if said.steps[-1].ok is False:

                async def passes(changed: Request, changed_gate: Gate) -> bool:
                    return _passes(partial(check_hmac, arrival, changed_gate, changed))

                said.steps[-1] = replace(said.steps[-1], hints=await hints(request, gate, passes))
        if gate.source.has(SHARED_KEY_SLOT) and arrival.dialect.slot != SHARED_KEY_SLOT:
            compared = f"the parameter {SHARED_KEY_QUERY} of the query with the live shared keys"
            await _tried(said, "verify", "shared_key", compared, partial(check_shared_key, arrival, gate))

    async def _scheme(self, said: Explanation, request: Request, gate: Gate, asked: Asked | None) -> None:
        if asked is None:
            return
        vendor = asked.vendor
        slots = ", ".join(f"{one.slot}: {len(asked.source.secrets(one.slot))}" for one in vendor.credentials) or "none"
        compared = f"{vendor.title}'s scheme over {_body(request)}; live secrets by slot: {slots}"
        await _tried(said, "verify", "signature", compared, partial(check_scheme, request, asked))
        masked = [name for name, value in request.headers.pairs if value.startswith(_FINGERPRINT)]
        if said.steps[-1].ok is False and masked:
            detail = f"{said.steps[-1].detail}. {', '.join(masked)}: fingerprints here; paste the original to check it"
            said.steps[-1] = replace(said.steps[-1], ok=None, detail=detail)
        elif said.steps[-1].ok is False:

            async def grants(changed: Request, changed_gate: Gate) -> bool:
                moment = to_micros(request.received)
                source = replace(asked.source, _secrets=changed_gate.author_secrets(moment))
                again = replace(asked, source=source, clock=RequestClock(_SECONDS))
                try:
                    await check_scheme(changed, again)
                except Refused:
                    return False
                return True

            said.steps[-1] = replace(said.steps[-1], hints=await hints(request, gate, grants))

    def _read(
        self, said: Explanation, arrival: Arrival, request: Request, vendor: Vendor | None, context: Source
    ) -> None:
        try:
            reading = read(request, arrival.dialect, vendor, context, self._plugins)
        except Refused as refused:
            said.steps.append(_failed(refused.refusal))
            return
        if reading.failure:
            said.steps.append(Found("read", "body", ok=False, detail=f"it would be held: {reading.failure}"))
            return
        said.events = [(event.type, event.id) for event in reading.events]
        said.steps.append(Found("read", "body", ok=True, detail=f"{len(said.events)} event(s)"))


def _request(arrival: Arrival, body: bytes, base_url: str) -> Request:
    query = f"?{arrival.raw_query}" if arrival.raw_query else ""
    return Request(
        id=write_id("req", arrival.id),
        method=arrival.method,
        client=arrival.client,
        body=body,
        headers=arrival.headers,
        url=f"{base_url}{arrival.path}{query}",
        received=from_micros(arrival.received),
    )


async def _tried(said: Explanation, step: str, check: str, compared: str, function: Callable[[], Any]) -> None:
    """Take a check and note what it says; one that counts for a limit is never begun."""
    try:
        outcome = function()
        if isawaitable(outcome):
            await outcome
    except Refused as refused:
        detail = refused.refusal.reason if step == "admit" else f"{refused.refusal.reason}. Compared: {compared}"
        said.steps.append(Found(step, check, ok=False, detail=detail))
    else:
        said.steps.append(Found(step, check, ok=True, detail=compared))


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except Refused:
        return False
    return True


def _failed(refusal: Refusal) -> Found:
    return Found(refusal.step, refusal.check, ok=False, detail=refusal.reason)


def _named(secret: StoredSecret) -> str:
    return f"{secret.slot} secret {write_id('sec', secret.id)}"


def _body(request: Request) -> str:
    return f"{len(request.body)} bytes of body (SHA-256 {request.digest[:16]}…)"


def _shown(values: tuple[str, ...], name: str) -> str:
    if not values:
        return f"{name}, which is missing"
    if len(values) > 1:
        return f"{name}, which is given {len(values)} times"
    return f"{name}, which has {len(values[0])} characters"
