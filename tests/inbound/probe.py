"""A plugin that does what a test tells it to, and a hub's own parts to hand requests from step to step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel

from hub import Credential, Event, Grant, Outcome, Registry, Reject, Reply, Request, Source, Vendor, hookimpl
from hub.inbound.http.arrival import Arrival, BodyStream
from hub.inbound.parts import PipelineParts
from hub.inbound.stages import (
    AcceptedRequest,
    AdmittedRequest,
    ChallengedRequest,
    GuardedRequest,
    IdentifiedRequest,
    PreparedRequest,
    ReadRequest,
    VerifiedRequest,
)
from hub.inbound.steps.accept import accept
from hub.inbound.steps.admit import admit
from hub.inbound.steps.challenge import challenge
from hub.inbound.steps.event import event
from hub.inbound.steps.guard import guard
from hub.inbound.steps.identify import identify
from hub.inbound.steps.read import read
from hub.inbound.steps.verify import verify
from hub.model.ids import new_id
from hub.model.stored.source import SourceRecord
from hub.model.wire.values import Values
from hub.sdk.schemes.scheme import Covers, Outgoing, Scheme
from hub.testing.live import LiveHub

__all__ = ["SECRET", "Probe", "Steps", "streamed"]

SECRET = "secret-of-the-probe"


class ProbeSettings(BaseModel):
    """Settings of a source of the probe."""

    greeting: str = "hello"


def nothing(*_arguments: Any) -> Any:
    """What a hook or vendor does that has nothing to say."""
    return None


def by_token(request: Request, source: Source) -> Grant:
    """The header X-Token holds the secret, X-Nonce a nonce; the grant is for the account acme."""
    token = request.headers["x-token"].encode()
    return Grant(source.match(lambda secret: secret.value == token), "acme", request.headers.get("x-nonce"))


def each_line(request: Request, _source: Source) -> Sequence[Event]:
    """An event for each object of a JSON list."""
    return [Event(one["type"], one, id=one.get("id")) for one in request.json()]


class Probe(Scheme):
    """A plugin with a vendor of the same name; a test replaces what it does."""

    covers: Covers = "none"

    def __init__(self) -> None:
        self.guard: Callable[[Request, Source], Any] = nothing
        self.on_event: Callable[[Event], Event | None] = nothing
        self.check: Callable[[Request, Source], Any] = by_token
        self.reader: Callable[[Request, Source], Iterable[Event]] = each_line
        self.handshake: Callable[[Request, Source], Reply | None] = nothing
        self.answer: Callable[[Request, Source, Outcome], Reply | None] = nothing

    def _read(self, request: Request, source: Source) -> Iterable[Event]:
        return self.reader(request, source)

    def _challenge(self, request: Request, source: Source) -> Reply | None:
        return self.handshake(request, source)

    def _reply(self, request: Request, source: Source, outcome: Outcome) -> Reply | None:
        return self.answer(request, source, outcome)

    def verify(self, request: Request, source: Source) -> Grant:
        found: Grant = self.check(request, source)
        return found

    def sign(self, message: Outgoing, secrets: Sequence[Any]) -> dict[str, str]:
        raise NotImplementedError

    @hookimpl
    def hub_register(self, registry: Registry) -> None:
        registry.vendor(
            Vendor(
                name="probe",
                title="Probe",
                verify=self,
                read=self._read,
                challenge=self._challenge,
                reply=self._reply,
                credentials=(Credential(), Credential(slot="extra", title="Extra", required=False)),
                settings=ProbeSettings,
                methods=("POST", "GET"),
                refusals={403: Reply(451)},
                redact=("x-token",),
            )
        )

    @hookimpl
    def hub_guard(self, request: Request, source: Source) -> Any:
        return self.guard(request, source)

    @hookimpl
    def hub_event(self, event: Event) -> Event | None:
        return self.on_event(event)


def streamed(*chunks: bytes) -> BodyStream:
    """A body that comes in so many pieces."""

    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return stream


@dataclass(frozen=True)
class Steps:
    """The steps of a running hub, one by one, on its real store, engine and plugins."""

    hub: LiveHub
    probe: Probe
    parts: PipelineParts

    def arrival(
        self,
        url: str,
        body: bytes | BodyStream = b"{}",
        *,
        method: str = "POST",
        headers: Iterable[tuple[str, str]] = (),
        client: str = "127.0.0.1",
    ) -> Arrival:
        """A request to one of the URLs of a source, as the server hands it over."""
        parts = urlsplit(url)
        routed = self.hub.services.routes.table.find(parts.path, method)
        assert routed is not None
        endpoint, params = routed.endpoint, routed.params
        assert endpoint is not None
        return Arrival(
            id=new_id(),
            received=self.hub.services.clock.now(),
            method=method,
            path=parts.path,
            raw_query=parts.query,
            query=Values(parse_qsl(parts.query, keep_blank_values=True)),
            headers=Values([(name.lower(), value) for name, value in headers], caseless=True),
            client=client,
            dialect=endpoint.dialect,
            route=endpoint.route,
            params=params,
            body=streamed(body) if isinstance(body, bytes) else body,
        )

    async def source(self, **fields: Any) -> dict[str, Any]:
        """The source of a new published workflow that gives back its trigger."""
        made: dict[str, Any] = (await self.hub.workflow(source=fields))["source"]
        return made

    async def probed(self, **fields: Any) -> dict[str, Any]:
        """The source of a new workflow, bound to the probe's vendor."""
        return await self.source(vendor="probe", signing_secrets=[SECRET], **fields)

    async def change(self, source: dict[str, Any], **fields: Any) -> None:
        """Change a source by the API."""
        answer = await self.hub.api("PATCH", f"/api/sources/{source['id']}", fields)
        assert answer.status == 200, answer.body

    def record(self, identified: IdentifiedRequest) -> SourceRecord:
        """The source as the store holds it now."""
        return self.parts.store.snapshot.sources[identified.source.id]

    def identified(self, arrival: Arrival) -> IdentifiedRequest:
        return identify(arrival, self.parts)

    async def admitted(self, arrival: Arrival) -> AdmittedRequest:
        return await admit(self.identified(arrival), self.parts)

    async def guarded(self, arrival: Arrival) -> GuardedRequest:
        return await guard(await self.admitted(arrival), self.parts)

    async def challenged(self, arrival: Arrival) -> ChallengedRequest:
        return await challenge(await self.guarded(arrival), self.parts)

    async def verified(self, arrival: Arrival) -> VerifiedRequest:
        return await verify(await self.challenged(arrival), self.parts)

    async def has_read(self, arrival: Arrival) -> ReadRequest:
        return await read(await self.verified(arrival), self.parts)

    async def prepared(self, arrival: Arrival) -> PreparedRequest:
        return await event(await self.has_read(arrival), self.parts)

    async def accepted(self, arrival: Arrival) -> AcceptedRequest:
        return await accept(await self.prepared(arrival), self.parts)

    def with_parts(self, **fields: Any) -> Steps:
        """The same steps with other settings."""
        return replace(self, parts=replace(self.parts, **fields))


def rejecting(status: int = 401) -> Callable[..., Any]:
    """A function that refuses with a status."""

    def refuse(*_arguments: Any) -> Any:
        raise Reject("the probe says no", status)

    return refuse


def failing(*_arguments: Any) -> Any:
    """A function that fails."""
    raise KeyError("payload")
