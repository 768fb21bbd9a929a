"""The client of every outgoing call: guarded, capped, timed, without redirects, proxies, cookies or surprises."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from aiohttp import ClientConnectorError, ClientError, ClientOSError, ClientResponse, ServerDisconnectedError

from hub.egress.address.hosts import check_pattern
from hub.egress.exchange.body import ReadBody, read_body
from hub.egress.exchange.dial import DIAL, Dial
from hub.egress.exchange.failures import Failure, explain
from hub.egress.exchange.headers import Headers, check_headers
from hub.egress.exchange.pools import Pool, Pools
from hub.egress.exchange.tls import Tls
from hub.egress.guard import Guard
from hub.errors import Invalid, Problem

__all__ = ["Egress", "Response", "Tls"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LARGE: Final = 1 << 20
_RESENDS: Final = 3


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status: a redirect is an answer too.

    Attributes:
        status: 200 to 599 as sent.
        headers: In order, repeated ones repeated.
        body: Decompressed, at most the call's `max_bytes`.
        address: IP address that answered.
        duration_ms: From the start of the call to the end of the body, milliseconds.
        truncated: Whether the body went on.
        note: Why `body` is not the whole body as it was meant (too long, or encoded in a way that cannot be undone).
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    address: str | None
    duration_ms: int
    truncated: bool = False
    note: str = ""


class Egress:
    """Makes the outgoing calls of the hub; one for the process.

    Args:
        guard: Judges where they go. `stop` closes it.
        user_agent: User-Agent where a caller sets none.
    """

    def __init__(self, guard: Guard, *, user_agent: str) -> None:
        self.guard = guard
        self._pools = Pools(guard, user_agent)

    async def start(self) -> None:
        """Make the pool that most calls use; the others are made when first needed."""
        await self._pools.get(None, "default")

    async def stop(self) -> None:
        """Close all connections and give up lookups; calls under way end in an error."""
        await self._pools.close()
        await self.guard.close()

    async def request(  # noqa: PLR0913 -- everything about a call in one place
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 -- the limit is part of what is asked for and of the error's sentence
        max_bytes: int,
        tls: Tls | None = None,
        pool: Hashable = "default",
        hosts: tuple[str, ...] | None = None,
        resend: bool = False,
    ) -> Response:
        """Make one call and read its answer.

        Args:
            method: GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.
            url: Absolute http or https URL, sent as written.
            headers: What to send besides Host, Content-Length, User-Agent and Accept-Encoding; the last two may be set.
            body: The exact bytes to send, as application/octet-stream where no Content-Type is set.
            timeout: Seconds for everything: name, connection, TLS, request and the whole body.
            max_bytes: Most bytes of the body to keep, after decompression.
            tls: Policy of https; None checks against the machine's certificates.
            pool: Calls share kept-alive connections only within a pool and TLS policy.
            hosts: A vendor's hosts: https only, and the host must fit one of the patterns (`sns.*.amazonaws.com`).
            resend: Whether the request may go out a second time if a kept-alive connection turns out to be dead, which
                the hub cannot tell from a receiver that took the request and hung up. Right for what carries an id.

        Raises:
            AddressRefused: The guard refuses URL, port, host or address.
            Invalid: URL, method, headers or TLS options are malformed.
            EgressError: There was no (whole) answer; says why.
        """
        target = self.guard.check_url(url)
        if hosts is not None:
            check_pattern(target, hosts)
        if method.upper() not in _METHODS:
            raise Invalid("the call cannot be made", (Problem("/method", f"{method!a} is no method to call with"),))
        sent = check_headers(headers)
        started = perf_counter()
        dial = Dial()
        token = DIAL.set(dial)
        answer: ClientResponse | None = None
        connections: Pool | None = None
        try:
            async with asyncio.timeout(timeout):
                connections = await self._pools.get(tls, pool)
                connections.busy += 1
                session = connections.session

                def call() -> Awaitable[ClientResponse]:
                    data = body if body is None or len(body) < _LARGE else io.BytesIO(body)
                    return session.request(method, target.target, headers=sent, data=data, allow_redirects=False)

                answer = await (_resent(call, dial) if resend else call())
                read = await read_body(answer.content, _encoding(answer), max_bytes)
                return _response(answer, read, dial.peer, started)
        except (ClientError, OSError) as error:
            status = None if answer is None else answer.status
            failure = Failure(error, target, timeout, dial, status)
            raise await explain(failure, self.guard, started) from error
        finally:
            DIAL.reset(token)
            if connections is not None:
                connections.busy -= 1
            if answer is not None and not answer.closed:
                answer.close()


async def _resent(call: Callable[[], Awaitable[ClientResponse]], dial: Dial) -> ClientResponse:
    """An answer, asked for again as long as the connection that failed was a kept one."""
    for _ in range(_RESENDS):
        try:
            return await call()
        except (ServerDisconnectedError, ClientOSError) as error:
            if dial.address is not None or isinstance(error, ClientConnectorError):
                raise
    return await call()


def _encoding(answer: ClientResponse) -> str:
    return answer.headers.get("Content-Encoding", "").strip().lower()


def _response(answer: ClientResponse, body: ReadBody, address: str | None, started: float) -> Response:
    headers = tuple((name, value if value.isascii() else _readable(value)) for name, value in answer.headers.items())
    return Response(
        status=answer.status,
        headers=headers,
        body=body.data,
        address=address,
        duration_ms=round((perf_counter() - started) * 1000),
        truncated=not body.ended,
        note=body.note,
    )


def _readable(value: str) -> str:
    """A value whose bytes are no UTF-8 came with surrogates, which nothing could store; they become U+FFFD."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
