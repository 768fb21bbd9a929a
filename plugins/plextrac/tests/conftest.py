"""Requests, sources and a PlexTrac instance on loopback for the tests of this plugin."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from hub import Fetched, Grant, Request, Secret, Source, Values
from hub_plextrac import vendor
from hub_plextrac.settings import PlexTracSettings

RECEIVED = datetime(2026, 3, 28, 17, 3, 38, tzinfo=UTC)
LOG = logging.getLogger(__name__)


def make_request(body: bytes = b"", headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> Request:
    """A request as the hub would give it, received at a fixed moment."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return Request(
        id="req_1",
        method="POST",
        client="198.51.100.4",
        body=body,
        headers=Values.of_headers((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs),
        url="https://hub.example.com/webhooks/wf_1/s",
        received=RECEIVED,
    )


def make_source(*secrets: str, instance: str | None = None) -> Source:
    """A source of this vendor with live secrets."""
    held = tuple(Secret(f"sec_{number}", "signing", secret.encode()) for number, secret in enumerate(secrets))
    return Source("src_1", "https://hub.example.com/webhooks/wf_1/s", PlexTracSettings(instance=instance), held)


def check(request: Request, source: Source) -> Grant:
    """What the vendor's scheme says of a request."""
    granted = vendor.scheme_for(source.settings).verify(request, source)
    assert isinstance(granted, Grant)
    return granted


@pytest.fixture(scope="session")
def arrive() -> Callable[..., Request]:
    """Makes requests."""
    return make_request


@pytest.fixture(scope="session")
def source() -> Callable[..., Source]:
    """Makes sources."""
    return make_source


@pytest.fixture(scope="session")
def verify() -> Callable[[Request, Source], Grant]:
    """Runs the vendor's scheme."""
    return check


@dataclass
class Instance:
    """A PlexTrac instance with objects by path; accounts sign in, tokens can be ended, answers can be set."""

    url: str = ""
    objects: dict[str, Any] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Callable[[], web.Response]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {"trial-token"})
    sign_ins: int = 0
    mfa: bool = False
    seen: list[tuple[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer as PlexTrac's API does."""
        path = request.raw_path
        self.seen.append((request.method, path))
        if path in self.answers:
            return self.answers[path]()
        if (request.method, path) == ("POST", "/api/v1/authenticate"):
            return await self._authenticate(request)
        if request.headers.get("authorization") not in self.tokens:
            return web.json_response({"status": "unauthorized"}, status=401)
        if (request.method, path) == ("POST", "/api/v2/reports"):
            (wanted,) = (await request.json())["filters"]
            assert wanted["by"] == "cuids"
            found = [one for one in self.reports if one["cuid"] in wanted["value"]]
            return web.json_response({"data": found, "meta": {"pagination": {"total": len(found)}}})
        if request.method == "GET" and path in self.objects:
            return web.json_response(self.objects[path])
        return web.json_response({"status": "error"}, status=404)

    async def _authenticate(self, request: web.Request) -> web.StreamResponse:
        if await request.json() != {"username": "hub@example.com", "password": "pässword"}:
            return web.json_response({"status": "error"}, status=401)
        self.sign_ins += 1
        if self.mfa:
            return web.json_response({"status": "success", "code": "123", "mfa_enabled": True})
        token = f"token-{self.sign_ins}"
        self.tokens.add(token)
        return web.json_response({"status": "success", "tenant_id": 0, "token": token, "cookie": "c"})


@pytest.fixture
async def instance() -> AsyncIterator[Instance]:
    """A PlexTrac instance on loopback."""
    served = Instance()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", served.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


@dataclass(frozen=True)
class Context:
    """What an action is given, with calls over real sockets."""

    session: aiohttp.ClientSession
    org: str = "default"
    workflow: str = "wf_1"
    execution: str = "exec_1"
    node: str = "get"
    idempotency_key: str = "exec_1/get/-1"
    received: datetime = RECEIVED
    log: Any = LOG

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, json: Any = None, **_: Any
    ) -> Fetched:
        """Call out."""
        async with self.session.request(method, url, headers=headers, json=json, allow_redirects=False) as answer:
            return Fetched(answer.status, Values(answer.headers.items(), caseless=True), await answer.read())


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """A context of an action."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:
        yield Context(session)
