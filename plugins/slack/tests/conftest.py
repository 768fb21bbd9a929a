"""Requests, sources and a loopback API for the tests of this plugin."""

from __future__ import annotations

import json as jsonlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from hub import ActionFailed, Fetched, Grant, Request, Secret, Source, Values
from hub_slack import vendor

RECEIVED = datetime(2018, 7, 12, 18, 36, 58, tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    """What `Scheme.sign` wants."""

    body: bytes
    at: datetime = RECEIVED
    id: str = "msg_1"
    url: str = "https://hub.example.com/webhooks/wf_1/s"
    type: str = "message"


def make_request(
    body: bytes = b"",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    method: str = "POST",
    received: datetime = RECEIVED,
) -> Request:
    """A request as the hub would give it, received at a fixed moment."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return Request(
        id="req_1",
        method=method,
        client="198.51.100.4",
        body=body,
        headers=Values.of_headers((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs),
        url="https://hub.example.com/webhooks/wf_1/s",
        received=received,
    )


def make_source(*secrets: str | bytes, settings: Any = None) -> Source:
    """A source of this vendor with live secrets."""
    values = [secret if isinstance(secret, bytes) else secret.encode() for secret in secrets]
    held = tuple(Secret(f"sec_{number}", "signing", value) for number, value in enumerate(values))
    return Source("src_1", "https://hub.example.com/webhooks/wf_1/s", settings, held)


def check(request: Request, source: Source) -> Grant:
    """What the vendor's scheme says of a request."""
    granted = vendor.scheme_for(source.settings).verify(request, source)
    assert isinstance(granted, Grant)
    return granted


def make_headers(body: bytes, secret: str, at: datetime = RECEIVED) -> dict[str, str]:
    """The headers that prove `body` under `secret`."""
    return dict(vendor.scheme_for(None).sign(Message(body, at), [Secret("sec_0", "signing", secret.encode())]))


@pytest.fixture(scope="session")
def arrive() -> Callable[..., Request]:
    return make_request


@pytest.fixture(scope="session")
def source() -> Callable[..., Source]:
    return make_source


@pytest.fixture(scope="session")
def verify() -> Callable[[Request, Source], Grant]:
    return check


@pytest.fixture(scope="session")
def sign() -> Callable[..., dict[str, str]]:
    return make_headers


class Notes:
    """A log that forgets."""

    def debug(self, event: str, **fields: Any) -> None: ...
    def info(self, event: str, **fields: Any) -> None: ...
    def warning(self, event: str, **fields: Any) -> None: ...
    def error(self, event: str, **fields: Any) -> None: ...


@dataclass(frozen=True)
class Context:
    """An ActionContext that calls out over real sockets."""

    session: aiohttp.ClientSession
    org: str = "default"
    workflow: str = "wf_1"
    execution: str = "exec_1"
    node: str = "node"
    idempotency_key: str = "exec_1/node/0"
    received: datetime = RECEIVED
    log: Notes = field(default_factory=Notes)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - the signature of the port
        max_bytes: int = 1 << 20,
    ) -> Fetched:
        sent = {**(headers or {}), "idempotency-key": self.idempotency_key}
        body: Any = data
        if json is not None:
            body = jsonlib.dumps(json).encode()
            sent["content-type"] = "application/json"
        try:
            async with self.session.request(
                method, url, headers=sent, params=params, data=body, allow_redirects=False
            ) as answer:
                raw = await answer.content.read(max_bytes)
                return Fetched(answer.status, Values.of_headers(answer.raw_headers), raw)
        except aiohttp.ClientError as error:
            raise ActionFailed(str(error)) from error


@dataclass
class Api:
    """An HTTP server on the loopback that answers from a script and remembers what it was asked."""

    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        value = jsonlib.loads(body) if body else None
        self.asked.append((request.method, request.path_qs, {k.lower(): v for k, v in request.headers.items()}, value))
        return self.answers.pop(0)

    def answer(self, value: Any = None, status: int = 200, text: str | None = None, **headers: str) -> None:
        """Give this next."""
        named = {name.replace("_", "-"): content for name, content in headers.items()}
        if text is not None:
            self.answers.append(web.Response(text=text, status=status, headers=named))
        else:
            self.answers.append(web.json_response(value, status=status, headers=named))


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    script = Api()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", script.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield script
    await runner.cleanup()
    assert not script.answers, "the action asked less than the test expects"


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    async with aiohttp.ClientSession() as session:
        yield Context(session)
