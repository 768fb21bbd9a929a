"""Why a captured request would pass or fail: the steps of the way and their checks, one by one.

Nothing is kept or started. What was compared is told; a secret, or a MAC that would have been right, never is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import isawaitable
from typing import Any, Literal

from hub.inbound.admission import API_KEY_HEADER, admission_checks, check_published, check_vendor
from hub.inbound.credentials import HMAC_HEADER, SHARED_KEY_QUERY, check_hmac, check_scheme, check_shared_key
from hub.inbound.evidence.fingerprints import FINGERPRINT_PREFIX
from hub.inbound.evidence.request_records import request_record
from hub.inbound.explain.hints import hints
from hub.inbound.explain.kept import KeptRequest
from hub.inbound.gate import Gate
from hub.inbound.http.arrival import Arrival, Body
from hub.inbound.http.body import decoded_body
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.source_lookup import request_for
from hub.inbound.stages import AdmittedRequest, ChallengedRequest, IdentifiedRequest, VerifiedRequest, body_in
from hub.inbound.steps.guard import guard
from hub.inbound.steps.identify import identify
from hub.inbound.steps.read import read
from hub.model.ids import write_id
from hub.model.stored.source import API_KEY_SLOT, HMAC_SLOT, SHARED_KEY_SLOT, URL_SLOT, SourceRecord, StoredSecret
from hub.model.times import to_micros
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = ["CheckResult", "Explainer", "Explanation"]

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    Attributes:
        step: The step that the check belongs to: identify, admit, guard, challenge, verify, read.
        check: Which check of that step.
        ok: None where the check does not apply, or cannot be made with what was captured.
        detail: What was compared, for the operator; no secret, no expected MAC.
        hints: What else would have passed, and therefore what probably went wrong.
        open: The check was not made although the verdict depends on it: what it compares is not known.
    """

    step: str
    check: str
    ok: bool | None
    detail: str
    hints: tuple[str, ...] = ()
    open: bool = False


@dataclass(slots=True)
class Explanation:
    """All checks in order.

    Attributes:
        events: Type and id of each event that would be read.
    """

    steps: list[CheckResult] = field(default_factory=list)
    events: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def verdict(self) -> Literal["pass", "fail", "unknown"]:
        """`fail` if a check failed, `unknown` if one that matters could not be made, else `pass`."""
        if self.first_failure is not None:
            return "fail"
        return "unknown" if self.first_open is not None else "pass"

    @property
    def first_open(self) -> CheckResult | None:
        """The first check that matters and could not be made."""
        return next((step for step in self.steps if step.open), None)

    @property
    def first_failure(self) -> CheckResult | None:
        """The check that would refuse the request."""
        return next((step for step in self.steps if step.ok is False), None)


class Explainer:
    """Takes a captured request through the steps and goes on where one of them would refuse it.

    Args:
        parts: What the steps work with.
    """

    def __init__(self, parts: PipelineParts) -> None:
        self._parts = parts

    async def explain(
        self, source: SourceRecord, arrival: Arrival, *, with_url: bool, kept: KeptRequest | None = None
    ) -> Explanation:
        """What each check would say.

        Args:
            source: The source that the request is meant for.
            arrival: The captured request with its exact body; `client` is empty where it is not known.
            with_url: The captured URL is there, so that the credential in it can be checked.
            kept: The request as it was kept, where it is not a pasted one. It is compared with the credentials that
                are live now.
        """
        parts, said = self._parts, Explanation()
        identified = request_for(arrival, parts.store.snapshot, source.id, parts.plugins)
        # The handshake of a vendor that `vendor=` lends is not tried, so its methods do not count.
        identified = replace(identified, challenger=identified.vendor)
        if kept is not None:
            identified = replace(identified, gate=kept.gate(identified.gate))
        self._identify(said, identified, with_url=with_url)
        await self._admit(said, identified)
        if kept is not None and kept.missing_body:
            detail = f"it cannot be told without the body: {kept.missing_body}. Paste the whole request to check it"
            for step in ("verify", "read"):
                said.steps.append(CheckResult(step, "body", ok=None, detail=detail, open=True))
            return said
        await self._with_body(said, identified)
        if kept is not None and kept.not_repeated:
            detail = kept.not_repeated
            said.steps.append(CheckResult(kept.record.step, kept.record.step, ok=None, detail=detail, open=True))
        return said

    async def _with_body(self, said: Explanation, identified: IdentifiedRequest) -> None:
        """The checks that need the body."""
        parts, arrival = self._parts, identified.arrival
        received = body_in(arrival)
        try:
            body = decoded_body(arrival, received)
        except RequestRefused as refused:
            said.steps.append(_refused(refused.refusal))
            body = Body(received)
        request = arrival.request(body, parts.base_url, identified.vendor)
        admitted = AdmittedRequest(identified, request, RequestClock(_SECONDS), ())
        try:
            context = parts.contexts.of(identified, identified.vendor, request, admitted.clock)
        except RequestRefused as refused:
            said.steps.append(_refused(refused.refusal))
            return
        if parts.plugins.has_guards:
            await _tried(said, "guard", "guard", "no plugin vetoes", partial(guard, admitted, parts))
        vendor = identified.vendor
        if vendor is not None and vendor.challenge is not None:
            detail = f"{vendor.title} has an unsigned handshake, which would be answered here; it is not tried"
            said.steps.append(CheckResult("challenge", "challenge", ok=None, detail=detail))
        challenged = ChallengedRequest(admitted, context)
        await self._own_credentials(said, challenged)
        if vendor is not None:
            await self._scheme(said, challenged, vendor)
        if all(step.ok is not False for step in said.steps if step.step == "verify"):
            await self._read(said, challenged)

    def _identify(self, said: Explanation, identified: IdentifiedRequest, *, with_url: bool) -> None:
        arrival, dialect = identified.arrival, identified.arrival.dialect
        if not with_url:
            carried = dialect.slot if dialect.carried == "url" else None
            detail = f"no URL was given; as a request of the dialect {dialect.title}" + (
                f", whose URL carries the {carried} secret" if carried else ""
            )
            said.steps.append(CheckResult("identify", "url", ok=None, detail=detail))
            return
        try:
            reached = identify(arrival, self._parts)
        except RequestRefused as refused:
            said.steps.append(self._by_fingerprint(identified) or _refused(refused.refusal))
            return
        same = reached.source.id == identified.source.id
        detail = "the URL names this source" if same else "the URL names another source"
        if same and reached.url_secret is not None:
            detail += f", and its credential matches {_named(reached.url_secret)}"
        said.steps.append(CheckResult("identify", "url", ok=same, detail=detail))

    def _by_fingerprint(self, identified: IdentifiedRequest) -> CheckResult | None:
        """A kept URL carries a fingerprint of its credential, which can be compared as well."""
        arrival, dialect = identified.arrival, identified.arrival.dialect
        presented = dialect.target(arrival.params, arrival.query).secret or ""
        if not presented.startswith(FINGERPRINT_PREFIX) or dialect.slot not in {URL_SLOT, SHARED_KEY_SLOT}:
            return None
        for secret in identified.source.live(dialect.slot, arrival.received):
            if self._parts.fingerprints.mark(secret.text) == presented:
                detail = f"the fingerprint of the URL's credential is that of {_named(secret)}"
                return CheckResult("identify", "url", ok=True, detail=detail)
        return CheckResult("identify", "url", ok=False, detail="the fingerprint in the URL is that of no live secret")

    async def _admit(self, said: Explanation, identified: IdentifiedRequest) -> None:
        arrival, spec = identified.arrival, identified.source.spec
        if spec.vendor is not None and identified.vendor is None:
            await _tried(said, "admit", "plugin", "", partial(check_vendor, identified, self._parts.plugins))
        key_set = identified.source.has(API_KEY_SLOT)
        details = {
            "enabled": "the source is enabled",
            "method": f"{arrival.method} is allowed",
            "allowlist": f"{arrival.client} is in the allowlist" if spec.allowlist else "there is no allowlist",
            "api_key": f"the key in {API_KEY_HEADER} matches" if key_set else "no API key is set",
        }
        for name, check in admission_checks(arrival.dialect):
            unknown = _cannot_be_told(name, identified)
            if unknown:
                said.steps.append(CheckResult("admit", name, ok=None, detail=unknown, open=name != "rate_limit"))
            else:
                await _tried(said, "admit", name, details[name], partial(check, identified, self._parts.limits))
        await _tried(said, "admit", "published", "the workflow is published", partial(check_published, identified))

    async def _own_credentials(self, said: Explanation, challenged: ChallengedRequest) -> None:
        request, identified = challenged.admitted.request, challenged.admitted.identified
        gate, arrival = identified.gate, identified.arrival
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

    async def _scheme(self, said: Explanation, challenged: ChallengedRequest, vendor: Vendor) -> None:
        request, context = challenged.admitted.request, challenged.context
        plugins, gate = self._parts.plugins, challenged.admitted.identified.gate
        slots = ", ".join(f"{one.slot}: {len(context.secrets(one.slot))}" for one in vendor.credentials) or "none"
        compared = f"{vendor.title}'s scheme over {_body(request)}; live secrets by slot: {slots}"
        check = partial(check_scheme, vendor, request, context, challenged.admitted.clock, plugins)
        await _tried(said, "verify", "signature", compared, check)
        if said.steps[-1].ok is not False:
            return
        masked = [name for name, value in request.headers.pairs if value.startswith(FINGERPRINT_PREFIX)]
        if masked:
            detail = f"{said.steps[-1].detail}. {', '.join(masked)}: fingerprints here; paste the original to check it"
            said.steps[-1] = replace(said.steps[-1], ok=None, detail=detail, open=True)
            return

        async def grants(changed: Request, changed_gate: Gate) -> bool:
            moment = to_micros(request.received)
            changed_context = replace(context, _secrets=changed_gate.author_secrets(moment))
            try:
                await check_scheme(vendor, changed, changed_context, RequestClock(_SECONDS), plugins)
            except RequestRefused:
                return False
            return True

        said.steps[-1] = replace(said.steps[-1], hints=await hints(request, gate, grants))

    async def _read(self, said: Explanation, challenged: ChallengedRequest) -> None:
        parts, admitted = self._parts, challenged.admitted
        identified, request = admitted.identified, admitted.request
        record = request_record(
            identified, request, (), parts.fingerprints, state="accepted", step="accept", reason="", status=200
        )
        cleaned = parts.fingerprints.cleaned(request, identified.source)
        verified = VerifiedRequest(identified, cleaned, challenged.context, admitted.clock, Grant(), (), record)
        try:
            has_read = await read(verified, parts)
        except RequestRefused as refused:
            said.steps.append(_refused(refused.refusal))
            return
        if has_read.failure:
            detail = f"it would be held: {has_read.failure}"
            said.steps.append(CheckResult("read", "body", ok=False, detail=detail))
            return
        said.events = [(event.type, event.id) for event in has_read.events]
        said.steps.append(CheckResult("read", "body", ok=True, detail=f"{len(said.events)} event(s)"))


def _cannot_be_told(check: str, identified: IdentifiedRequest) -> str:
    """Why a check of the admit step is not made; empty for one that can be made."""
    arrival = identified.arrival
    if check == "rate_limit":
        return "the rate limit is not checked: explaining a request does not count it"
    if check == "allowlist" and identified.source.spec.allowlist and not arrival.client:
        return "the sender's address is unknown"
    if check == "api_key" and any(one.startswith(FINGERPRINT_PREFIX) for one in arrival.headers.all(API_KEY_HEADER)):
        return f"{API_KEY_HEADER} is a fingerprint here; paste the key to check it"
    return ""


async def _tried(said: Explanation, step: str, check: str, compared: str, function: Callable[[], Any]) -> None:
    """Make a check and note what it says."""
    try:
        outcome = function()
        if isawaitable(outcome):
            await outcome
    except RequestRefused as refused:
        reason = refused.refusal.reason
        detail = f"{reason}. Compared: {compared}" if step == "verify" else reason
        said.steps.append(CheckResult(step, check, ok=False, detail=detail))
    else:
        said.steps.append(CheckResult(step, check, ok=True, detail=compared))


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except RequestRefused:
        return False
    return True


def _refused(refusal: Refusal) -> CheckResult:
    return CheckResult(refusal.step, refusal.check, ok=False, detail=refusal.reason)


def _named(secret: StoredSecret) -> str:
    return f"{secret.slot} secret {write_id('sec', secret.id)}"


def _body(request: Request) -> str:
    received = request.as_received()
    return f"{len(received.body)} bytes of body (SHA-256 {received.digest[:16]}…)"


def _shown(values: tuple[str, ...], name: str) -> str:
    if not values:
        return f"{name}, which is missing"
    if len(values) > 1:
        return f"{name}, which is given {len(values)} times"
    return f"{name}, which has {len(values[0])} characters"
