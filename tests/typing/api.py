"""Type-checked by `make check` and never run: what plugin authors write is fully typed."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_type

from pydantic import BaseModel

from hub import (
    Action,
    ActionContext,
    ActionFailed,
    AnyOf,
    CallTls,
    Catalog,
    Check,
    Credential,
    Dialect,
    DialectRoute,
    DialectTarget,
    Drop,
    Event,
    EventType,
    Fetched,
    Grant,
    Hmac,
    HubHandle,
    Keep,
    Message,
    Outcome,
    Outgoing,
    Panel,
    ParsedBody,
    Part,
    PublicKey,
    Receipt,
    Record,
    Recorded,
    Recording,
    Refusal,
    Registry,
    Reject,
    Reply,
    Request,
    Scheme,
    Secret,
    Signed,
    Source,
    Standard,
    Token,
    Unavailable,
    Values,
    Vendor,
    WaitedReceipt,
    __version__,
    fresh,
    hookimpl,
    instant,
    same,
)


class Settings(BaseModel):
    """Settings of a source."""

    header: str = "authorization"


def values(request: Request) -> None:
    """Values, Request and Part."""
    assert_type(request.headers, Values[str])
    assert_type(request.headers["x-id"], str)
    assert_type(request.headers.get("x-id"), str | None)
    assert_type(request.headers.get("x-id", ""), str)
    assert_type(request.headers.get("x-id", 0), str | int)
    assert_type(request.query.all("tag"), tuple[str, ...])
    assert_type(request.form().pairs, tuple[tuple[str, str], ...])
    assert_type(request.files()["file"], Part)
    assert_type(request.received, datetime)
    assert_type(request.digest, str)
    assert_type(instant("2026-01-01"), datetime)
    assert_type(same("a", b"a"), bool)
    assert_type(__version__, str)
    request.body = b""  # type: ignore[misc] # frozen
    request.url = ""  # type: ignore[misc] # frozen


def by_settings(settings: Settings) -> Scheme:
    """A scheme chosen by settings."""
    return Token(header=settings.header)


def by_rule(request: Request, source: Source) -> Secret:
    """A rule that gives a secret."""
    fresh(request, request.json()["at"], past=60)
    return source.match(lambda secret: same(secret.hmac(request.body), request.headers["x-sig"]))


async def by_key_server(request: Request, source: Source) -> Grant:
    """An async rule that fetches."""
    keys = await source.fetch("https://keys.example/jwks", cache=3600)
    assert_type(keys, Fetched)
    if keys.json() is None:
        raise Unavailable("no keys")
    if not hmac.compare_digest(keys.body, request.body):
        raise Reject("wrong", 401)
    return Grant(account=keys.text, once=request.digest)


class Own(Scheme):
    """A scheme of one's own."""

    def verify(self, request: Request, source: Source) -> Grant:
        """Verify."""
        return Grant(by_rule(request, source))

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        """Sign."""
        return {"x-sig": secrets[0].hmac(message.body + message.url.encode() + message.at.isoformat().encode())}


def challenge(request: Request, source: Source) -> Reply | None:
    """A handshake that keeps a secret."""
    if (secret := request.headers.get("x-hook-secret")) is None:
        return None
    assert_type(source.settings, Any)
    return Reply(headers={"x-hook-secret": secret}, keep=(Keep(secret),))


async def reply(_request: Request, source: Source, outcome: Outcome) -> Reply:
    """An async reply."""
    assert_type(outcome.events, tuple[Event, ...])
    return Reply(200, {"mac": outcome.secret.hmac(source.id), "again": outcome.duplicate})


def read(request: Request, _source: Source) -> Iterator[Event]:
    """Events as a generator."""
    for item in request.json():
        yield Event(item["type"], item, id=item["id"], time=instant(item["at"]), account="a", control=False)


class Input(BaseModel):
    """Input of an action."""

    text: str


async def run(given: Input, context: ActionContext) -> dict[str, Any]:
    """An action."""
    answer = await context.request("POST", "https://api.example", json={"text": given.text}, tls=CallTls(ca="PEM"))
    if answer.status >= 400:
        context.log.warning("refused", status=answer.status)
        raise ActionFailed(f"{context.node} was refused", retryable=answer.status >= 500, retry_after=1.0)
    return {"key": context.idempotency_key, "org": context.org, "answer": answer.json()}


SCHEMES: tuple[Scheme, ...] = (
    Hmac(header="x-sig", split=",", prefix="v1=", timestamp="t=", content="{timestamp}.{body}", digest="sha512"),
    Hmac(header=lambda request: request.headers.all("x-sig"), content=lambda request: (request.body, b"")),
    PublicKey(header="x-sig", algorithm="rsa-sha256", encoding="base64", slot="public"),
    Token(query="token"),
    Check(by_rule, covers="all"),
    Check(by_key_server, covers="part"),
    AnyOf(Own(), Standard(), Standard(headers="svix", asymmetric=True)),
    Own(),
)
DATA: tuple[Signed, ...] = (Hmac(header="x-sig"), PublicKey(header="x-sig"))
CREDENTIALS = (Credential(), Credential(slot="public", kind="base64", public=True, origin="vendor", required=False))
RECORDED: tuple[Recording, ...] = Recorded.of_package("hub_acme").requests

vendor = Vendor(
    name="acme",
    title="Acme",
    verify=by_settings,
    read=read,
    challenge=challenge,
    reply=reply,
    refusals={401: Reply(403)},
    credentials=CREDENTIALS,
    settings=Settings,
    methods=("GET", "POST"),
    hosts=("keys.example.com",),
    deadline=3,
    max_body=25_000_000,
    redact=("authorization",),
    catalog=Catalog((EventType("order.created", schema={"type": "object"}),)),
    actions=(Action(name="acme.post", input=Input, run=run, summary="Post"),),
    guide="Paste {url}",
)
plain = Vendor(name="plain", title="Plain", verify=SCHEMES[0], read=lambda request, _: [Event("a", request.json())])


async def page() -> str:
    """A page of the dashboard."""
    return "<p>"


@hookimpl
def hub_register(registry: Registry) -> None:
    """Every call of the registry that takes a type of the API."""
    registry.vendor(vendor)
    registry.scheme("acme", Own(), Credential(kind="hex"))
    registry.parser("application/cbor", bytes.hex)
    registry.catalog(Catalog.of_package("hub_acme"))
    registry.panel(Panel("acme", "Acme", page))


def target(params: Mapping[str, str], query: Values[str]) -> DialectTarget:
    """The workflow that a URL names."""
    return DialectTarget(workflow=params["workflow"], secret=query.get("key"))


def accepted(receipt: Receipt) -> Reply:
    """The reply to an accepted request."""
    return Reply(200, {"started": len(receipt.started), "again": receipt.duplicate})


def waited(result: WaitedReceipt) -> Reply:
    """The reply of the `wait` flavour."""
    return accepted(result.receipt)


def refused(refusal: Refusal) -> Reply:
    """The reply to a refusal."""
    return Reply(refusal.status, {"error": refusal.public})


def add(registry: Registry) -> None:
    """A dialect."""
    registry.dialect(
        Dialect(
            name="acme",
            title="Acme",
            routes=(DialectRoute("/acme/<workflow>", ("POST",)), DialectRoute("/acme/<workflow>/wait", None, "wait")),
            target=target,
            slot="shared_key",
            parse=lambda request: ParsedBody((request.json(),)),
            accepted=accepted,
            refused=refused,
            waited=waited,
        )
    )


@hookimpl
@asynccontextmanager
async def hub_lifespan(hub: HubHandle) -> AsyncIterator[None]:
    """A lifespan."""
    assert_type(await hub.publish("a", {"b": 1}, org="default"), str)
    yield


@hookimpl
async def hub_guard(request: Request) -> None:
    """A guard."""
    if not request.body:
        raise Reject("empty", 400)


@hookimpl
def hub_event(event: Event) -> Event:
    """A fold over events."""
    if event.control:
        raise Drop("control")
    return replace(event, type=event.type.lower())


@hookimpl
async def hub_message(message: Message) -> Message | None:
    """A fold over messages."""
    return replace(message, data={}) if message.client is None else None


@hookimpl
def hub_observe(record: Record) -> None:
    """An observer."""
    assert_type(record.kind == "execution", bool)
