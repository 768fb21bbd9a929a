"""The HTTP client of all outgoing calls: guarded, limited in time and size; no redirects, proxies or cookies."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from aiohttp import ClientConnectorError, ClientError, ClientOSError, ClientResponse, ServerDisconnectedError

from hub.egress.address.hosts import check_vendor_host
from hub.egress.exchange.body import ReadBody, read_body
from hub.egress.exchange.dial import DIAL, Dial
from hub.egress.exchange.failures import FailedCall, error_of
from hub.egress.exchange.headers import Headers, check_headers
from hub.egress.exchange.pools import ConnectionPool, ConnectionPools
from hub.egress.exchange.tls import TlsPolicy
from hub.egress.guard import Guard
from hub.errors import Invalid, Problem

__all__ = ["Egress", "Response", "TlsPolicy"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LARGE: Final = 1 << 20
_RESENDS: Final = 3


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with any status; a redirect is an answer too.

    Attributes:
        status: 200 to 599.
        headers: In order; repeated headers are repeated here.
        body: Decompressed, at most `max_bytes` of the call.
        address: IP address that answered.
        duration_ms: From the start of the call to the end of the body, milliseconds.
        truncated: Whether the body was longer.
        note: Why `body` is not the complete, decoded body; empty if it is.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    address: str | None
    duration_ms: int
    truncated: bool = False
    note: str = ""


class Egress:
    """Makes the outgoing calls of the hub. One per process.

    Args:
        guard: Checks URLs and addresses. `stop` closes it.
        user_agent: User-Agent of calls that do not set one.
    """

    def __init__(self, guard: Guard, *, user_agent: str) -> None:
        self.guard = guard
        self._pools = ConnectionPools(guard, user_agent)

    async def start(self) -> None:
        """Create the connection pool that most calls use. The others are created when they are needed."""
        await self._pools.get(None, "default")

    async def stop(self) -> None:
        """Close all connections and stop resolving names. Calls under way end with an error."""
        await self._pools.close()
        await self.guard.close()

    async def request(  # noqa: PLR0913 - everything about a call in one place
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 - the limit is part of the call and stands in its error
        max_bytes: int,
        tls: TlsPolicy | None = None,
        pool: Hashable = "default",
        hosts: tuple[str, ...] | None = None,
        resend: bool = False,
    ) -> Response:
        """Make a call and read the answer.

        Args:
            method: GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.
            url: Absolute http or https URL, sent as written.
            headers: Headers to send. The client adds Host and Content-Length, and User-Agent and Accept-Encoding
                unless they are given.
            body: The bytes to send, as application/octet-stream unless a Content-Type is given.
            timeout: Seconds for everything: name, connection, TLS, request and the whole answer.
            max_bytes: Most bytes of the body to keep, after decompression.
            tls: TLS policy; None checks against the certificates of the machine.
            pool: Calls share kept-alive connections only if pool and TLS policy are the same.
            hosts: Hosts of a vendor: allows https only, and only hosts that match a pattern (`sns.*.amazonaws.com`).
            resend: Whether to send the request again if a kept-alive connection turns out to be closed. The client
                cannot tell this from a receiver that took the request and closed the connection, so that the receiver
                may get it twice. Suitable for requests with an id.

        Raises:
            AddressRefused: The guard refuses the port, host or address.
            Invalid: URL, method, headers or TLS policy are malformed.
            EgressError: There was no complete answer; says why.
        """
        target = self.guard.check_url(url)
        if hosts is not None:
            check_vendor_host(target, hosts)
        if method.upper() not in _METHODS:
            raise Invalid("the call cannot be made", (Problem("/method", f"{method!a} is not a method of the hub"),))
        sent = check_headers(headers)
        started = perf_counter()
        dial = Dial()
        token = DIAL.set(dial)
        answer: ClientResponse | None = None
        connections: ConnectionPool | None = None
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
            failure = FailedCall(error, target, timeout, dial, status, None if tls is None else tls.ca)
            raise await error_of(failure, self.guard, started) from error
        finally:
            DIAL.reset(token)
            if connections is not None:
                connections.busy -= 1
            if answer is not None and not answer.closed:
                answer.close()


async def _resent(call: Callable[[], Awaitable[ClientResponse]], dial: Dial) -> ClientResponse:
    """Make a call, and make it again if it failed on a kept-alive connection.

    `Dial.address` is set when a new connection is dialled. While it is not, the connection that failed came from the
    pool, and the next try takes another one from there or dials.
    """
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
    """The value with U+FFFD for bytes that are not UTF-8. aiohttp gives surrogates for them, which cannot be stored."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
