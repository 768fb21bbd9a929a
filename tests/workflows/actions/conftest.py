"""An action's context on the real egress client, and a server on loopback for it to call."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
import structlog
from aiohttp import web

from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.model.wire.fetched import Fetched
from hub.model.wire.values import Values


@dataclass
class Context:
    """An `ActionContext` on the real egress client."""

    egress: Egress
    org: str = "default"
    workflow: str = "wf_1"
    execution: str = "exec_1"
    node: str = "call"
    idempotency_key: str = "exec_1/call"
    received: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    log: Any = field(default_factory=structlog.get_logger)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        max_bytes: int = 1 << 20,
        **_: Any,
    ) -> Fetched:
        answer = await self.egress.request(
            method, url, headers=headers or {}, body=data, timeout=5, max_bytes=max_bytes
        )
        return Fetched(answer.status, Values(answer.headers, caseless=True), answer.body, answer.note)


@dataclass
class Receiver:
    """An HTTP server on loopback that keeps what it got and answers what it is told."""

    url: str = ""
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.method, request.raw_path, headers, await request.read()))
        status, answered, body = self.answer
        return web.Response(status=status, headers=answered, body=body)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    egress = Egress(Guard(allow=(ip_network("127.0.0.0/8"),)), user_agent="hub")
    await egress.start()
    yield Context(egress)
    await egress.stop()


@pytest.fixture
async def walled() -> AsyncIterator[Context]:
    """A context whose guard allows no private address."""
    egress = Egress(Guard(), user_agent="hub")
    await egress.start()
    yield Context(egress)
    await egress.stop()
