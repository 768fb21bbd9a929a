"""Judging a refused request again, by the credentials of now; what passes runs as if it had come in now.

It takes the same steps as a request from outside, and each fails closed. Three things differ:

- Fingerprints stand in place of the credentials in its URL and headers. The fingerprint of a live secret is replaced by
  that secret before the steps look at it; any other is compared as it is, and matches nothing. Nobody can send a
  fingerprint instead of a secret: what looks like one when it comes in is kept under a fingerprint of that text.
- Of an API key the hub has only a hash, which no fingerprint can be compared with. The check passes if the request had
  come past it when it came in, with a key that is still live.
- The vendor's scheme sees the moment at which the request came in, since a signature names that moment. Which secrets
  are live is asked now.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from urllib.parse import parse_qsl, quote, unquote, unquote_plus

from hub.errors import Conflict, NotFound, StaleSource
from hub.inbound.admission import admission_checks, check_published, check_vendor
from hub.inbound.http.arrival import Arrival
from hub.inbound.http.body import decoded_body
from hub.inbound.http.routes import Routed
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import AdmittedRequest, ChallengedRequest, IdentifiedRequest, VerifiedRequest
from hub.inbound.steps.accept import accept
from hub.inbound.steps.event import event
from hub.inbound.steps.guard import guard
from hub.inbound.steps.identify import identify
from hub.inbound.steps.read import read
from hub.inbound.steps.verify import verify
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.inbound import RequestRecord
from hub.model.stored.source import API_KEY_SLOT, SourceRecord
from hub.model.times import from_micros
from hub.model.wire.request import Request
from hub.model.wire.values import Values
from hub.plugins.clock import RequestClock
from hub.ports.clock import Clock
from hub.sdk.dialect import Refusal

__all__ = ["Judge", "JudgedStep", "Judgement"]

_TRIES = 3
_SECONDS = 30.0
_BEFORE_THE_BODY = frozenset({"identify", "admit"})


@dataclass(frozen=True, slots=True)
class JudgedStep:
    """What one check said.

    Attributes:
        detail: Why it failed; empty where it passed.
    """

    step: str
    check: str
    passed: bool
    detail: str = ""


@dataclass(slots=True)
class Judgement:
    """The verdict of now on a refused request.

    Attributes:
        steps: All checks up to the first that failed.
        request: The new request; None where a check failed, and nothing was kept.
        duplicate: Its events had been accepted before, so that nothing new runs.
        executions: (workflow, execution) of each execution that it led to.
    """

    steps: list[JudgedStep] = field(default_factory=list)
    request: Id | None = None
    duplicate: bool = False
    executions: tuple[tuple[Id, Id], ...] = ()


class Judge:
    """Takes refused requests through the steps again.

    Args:
        parts: What the steps work with.
        clock: Says when that is.
        route: Path and method -> the route of a dialect.
    """

    def __init__(self, parts: PipelineParts, clock: Clock, route: Callable[[str, str], Routed | None]) -> None:
        self._parts = parts
        self._clock = clock
        self._route = route

    async def judge(self, org: Id, request: Id) -> Judgement:
        """Judge a request again, and run it if it passes.

        Raises:
            NotFound: No such request, or its source is gone.
            Conflict: It was not refused, its body was not kept or was cut, or no route leads to its URL any more.
            StoreUnavailable: Nothing was started.
        """
        record = await self._parts.store.inbound.request(org, request)
        _require_whole(record)
        for _ in range(_TRIES):
            source = self._parts.store.snapshot.sources.get(record.source)
            if source is None or source.org != org:
                raise NotFound("the source of this request is gone")
            judgement = Judgement()
            try:
                await self._run(record, source, judgement)
            except StaleSource:
                continue
            except RequestRefused as refused:
                refusal = refused.refusal
                judgement.steps.append(JudgedStep(refusal.step, refusal.check, passed=False, detail=refusal.reason))
            return judgement
        raise Conflict("the source kept changing; try again")

    async def _run(self, record: RequestRecord, source: SourceRecord, judgement: Judgement) -> None:
        parts = self._parts

        def passed(step: str, check: str) -> None:
            judgement.steps.append(JudgedStep(step, check, passed=True))

        identified = identify(self._arrival(record, source), parts)
        if identified.source.id != record.source:
            raise RequestRefused(Refusal("identify", "url", 404, "its URL leads to another source now"))
        # A handshake is answered only when it comes in: here the vendor that `vendor=` lends counts for nothing.
        identified = replace(identified, challenger=identified.vendor)
        passed("identify", "url")
        matched = await self._admit(record, identified, passed)
        arrival = identified.arrival
        request = arrival.request(decoded_body(arrival, record.body or b""), parts.base_url, identified.vendor)
        admitted = AdmittedRequest(identified, request, RequestClock(_SECONDS), matched)
        guarded = await guard(admitted, parts)
        passed("guard", "guard")
        then = replace(admitted, request=_as_of_then(request, record))
        verified = await verify(ChallengedRequest(then, guarded.context), parts)
        passed("verify", "credentials")
        kept = replace(verified.record, replay_of=record.id, url=record.url, headers=record.headers)
        await self._accept(replace(verified, record=kept, origin="judged"), passed, judgement)

    async def _admit(
        self, record: RequestRecord, identified: IdentifiedRequest, passed: Callable[[str, str], None]
    ) -> tuple[Id, ...]:
        """The checks of the admit step. The rate limit counts nothing, since the body is there."""
        matched = identified.matched
        check_vendor(identified, self._parts.plugins)
        for name, check in admission_checks(identified.arrival.dialect):
            if name == "api_key" and _had_live_key(record, identified, self._clock.now()):
                matched += (record.secret,) if record.secret is not None else ()
            else:
                checked = check(identified, self._parts.limits)
                if isawaitable(checked):
                    await checked
            passed("admit", name)
        check_published(identified)
        return matched

    async def _accept(
        self, verified: VerifiedRequest, passed: Callable[[str, str], None], judgement: Judgement
    ) -> None:
        has_read = await read(verified, self._parts)
        if has_read.failure:
            raise RequestRefused(Refusal("read", "body", 400, f"it cannot be read: {has_read.failure}"))
        passed("read", "body")
        prepared = await event(has_read, self._parts)
        passed("event", "event")
        accepted = await accept(prepared, self._parts)
        passed("accept", "accept")
        judgement.request = verified.record.id
        judgement.duplicate = accepted.duplicate
        judgement.executions = tuple((one.workflow, one.execution) for one in accepted.started)

    def _arrival(self, record: RequestRecord, source: SourceRecord) -> Arrival:
        """The request as if it came in now, with live secrets in place of their fingerprints."""
        path, _, query = record.url.partition("?")
        routed = self._route(unquote(path), record.method)
        if routed is None or routed.endpoint is None or routed.endpoint.dialect.name != record.dialect:
            raise Conflict("no route of an active dialect leads to its URL any more")
        known = dict(_known(source, self._clock.now(), self._parts.fingerprints.mark))
        raw_query = _restored_query(query, known)
        headers = [(name, known.get(value, value)) for name, value in record.headers]
        return Arrival(
            id=new_id(),
            received=self._clock.now(),
            method=record.method,
            path="/".join([quote(known[part], safe="") if part in known else part for part in path.split("/")]),
            raw_query=raw_query,
            query=Values(parse_qsl(raw_query, keep_blank_values=True)),
            headers=Values(headers, caseless=True),
            client=record.client,
            dialect=routed.endpoint.dialect,
            route=routed.endpoint.route,
            params={name: known.get(value, value) for name, value in routed.params.items()},
            body=record.body or b"",
        )


def _require_whole(record: RequestRecord) -> None:
    """Raise `Conflict` unless the request was refused and all of its body is there."""
    if record.state != "refused":
        raise Conflict("the request was not refused; replay it without judging it again")
    kept = len(record.body or b"")
    if kept < record.size:
        raise Conflict(f"only the first {kept} of {record.size} bytes of its body were kept; it cannot be judged again")
    headers = Values(record.headers, caseless=True)
    if record.step in _BEFORE_THE_BODY and not kept:
        announced = any(one != "0" for one in headers.all("content-length")) or headers.all("transfer-encoding")
        if announced or (record.method != "GET" and not headers.all("content-length")):
            raise Conflict("its body was not kept, since it was refused before the body was read")


def _had_live_key(record: RequestRecord, identified: IdentifiedRequest, now: int) -> bool:
    """Whether the request came past the check of the API key then, with a key that is live now."""
    if record.step in _BEFORE_THE_BODY or record.secret is None:
        return False
    return any(one.id == record.secret for one in identified.source.live(API_KEY_SLOT, now))


def _as_of_then(request: Request, record: RequestRecord) -> Request:
    return replace(request, id=write_id("req", record.id), received=from_micros(record.received))


def _known(source: SourceRecord, now: int, mark: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Fingerprint and credential, for each form in which a live secret of the source may have been presented."""
    for secret in source.secrets:
        if secret.text and secret.live(now):
            basic = base64.b64encode(secret.text.encode()).decode()
            for form in (secret.text, f"Bearer {secret.text}", f"Token {secret.text}", f"Basic {basic}"):
                yield mark(form), form


def _restored_query(raw: str, known: Mapping[str, str]) -> str:
    parts = []
    for part in raw.split("&"):
        name, equals, value = part.partition("=")
        credential = known.get(unquote_plus(value))
        parts.append(f"{name}{equals}{quote(credential, safe='')}" if credential is not None else part)
    return "&".join(parts)
