"""Connection pools: one per TLS policy and pool name, so that a connection is never used under another policy."""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from aiohttp.connector import Connection

from hub.egress.errors import EgressError
from hub.egress.exchange.answer_head import TolerantConnector
from hub.egress.exchange.body import ACCEPT_ENCODING
from hub.egress.exchange.dial import DIAL
from hub.egress.exchange.tls import TlsPolicy
from hub.egress.guard import Guard

__all__ = ["ConnectionPool", "ConnectionPools"]

_MOST: Final = 512
_IDLE_SECONDS: Final = 15.0
_HEADER_BYTES: Final = 16_384
_HEADERS: Final = 128
_NO_TIMEOUT: Final = ClientTimeout(total=None)


class _PeerResponse(ClientResponse):
    """A response that records the address of the peer: later its connection may be back in the pool already."""

    def start(self, connection: Connection) -> Coroutine[Any, Any, ClientResponse]:
        """Record the address of the peer, then start as usual."""
        dial, transport = DIAL.get(), connection.transport
        if dial is not None and transport is not None and (name := transport.get_extra_info("peername")):
            dial.peer = name[0]
        return super().start(connection)


@dataclass(slots=True)
class ConnectionPool:
    """The connections of one TLS policy and pool name.

    Attributes:
        busy: Calls under way; a busy pool is not closed.
    """

    session: ClientSession
    busy: int = 0


class ConnectionPools:
    """All connection pools of a client. If there are too many, those are closed that have been idle for longest.

    Args:
        guard: Checks every address that is dialled.
        user_agent: User-Agent of calls that do not set one.
    """

    def __init__(self, guard: Guard, user_agent: str) -> None:
        self._guard = guard
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING}
        self._pools: OrderedDict[tuple[TlsPolicy | None, Hashable], ConnectionPool] = OrderedDict()
        self._contexts: OrderedDict[TlsPolicy, ssl.SSLContext] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    async def get(self, tls: TlsPolicy | None, name: Hashable) -> ConnectionPool:
        """The pool of a TLS policy and name, created if need be.

        Raises:
            Invalid: The TLS policy cannot be used.
            EgressError: The pools are closed.
        """
        if self._closed:
            raise EgressError("the hub is stopping", None, "closed")
        if tls is not None and tls == _DEFAULT:
            tls = None
        key = (tls, name)
        pool = self._pools.get(key)
        if pool is None:
            context = await self._context(tls)
            if self._closed:
                raise EgressError("the hub is stopping", None, "closed")
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools[key] = ConnectionPool(self._session(context))
                self._evict()
        self._pools.move_to_end(key)
        return pool

    async def close(self) -> None:
        """Close all connections. Calls under way end with an error."""
        self._closed = True
        pools = tuple(self._pools.values())
        self._pools.clear()
        self._contexts.clear()
        await asyncio.gather(*(pool.session.close() for pool in pools), *self._closing)

    async def _context(self, tls: TlsPolicy | None) -> ssl.SSLContext | bool:
        if tls is None:
            return True
        if tls == _UNVERIFIED:
            return False
        context = self._contexts.get(tls)
        if context is None:
            context = self._contexts[tls] = await asyncio.to_thread(tls.context)
            if len(self._contexts) > _MOST:
                self._contexts.popitem(last=False)
        return context

    def _session(self, context: ssl.SSLContext | bool) -> ClientSession:  # noqa: FBT001 - the values that aiohttp's `ssl` takes
        connector = TolerantConnector(
            ssl=context,
            resolver=self._guard.resolver,
            use_dns_cache=False,
            socket_factory=self._guard.open_socket,
            limit=0,
            keepalive_timeout=_IDLE_SECONDS,
        )
        return ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=DummyCookieJar(),
            response_class=_PeerResponse,
            timeout=_NO_TIMEOUT,
            auto_decompress=False,
            trust_env=False,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_HEADERS,
        )

    def _evict(self) -> None:
        surplus = len(self._pools) - _MOST
        if surplus <= 0:
            return
        newest = next(reversed(self._pools))
        idle = [key for key, pool in self._pools.items() if not pool.busy and key != newest]
        for key in idle[:surplus]:
            task = asyncio.create_task(self._pools.pop(key).session.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


_DEFAULT: Final = TlsPolicy()
_UNVERIFIED: Final = TlsPolicy(verify=False)
