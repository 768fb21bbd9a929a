"""HTTP/1 for Hypercorn: strict about framing, slow to say 100, and patient when it closes on an unread body.

Hypercorn has no setting for these, and builds its protocol by the name `hypercorn.protocol.H11Protocol`; `install`
puts this class there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import h11
import hypercorn.protocol
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.typing import ConnectionState

from hub.inbound.http.expect import CONTINUE
from hub.server.framing import PatientConnection

__all__ = ["HubHttp1", "install"]

_DRAINED_BYTES = 16 * 1024 * 1024
_DRAINED_SECONDS = 2.0
"""How much, and for how long, is read of a body that nobody wants before the connection is closed on it.

A connection that is closed while the other side still sends is reset, and a reset may destroy the answer before it is
read: an ordinary client then reports a broken pipe instead of the 413.
"""
_AT_ONCE = 32 * 1024
"""Bytes that are certain to be below the mark at which writing waits for the client."""
_UNREAD_SECONDS = 30.0
"""How long an answer may wait for a client that does not read it."""


def install(*, http2: bool) -> None:
    """Let Hypercorn speak HTTP/1 as this module does.

    Args:
        http2: Whether a connection in clear text may become HTTP/2.
    """
    HubHttp1.http2 = http2
    vars(hypercorn.protocol)["H11Protocol"] = HubHttp1


class HubHttp1(H11Protocol):
    """One HTTP/1 connection."""

    http2 = False
    """Whether a connection may become HTTP/2 in clear text."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connection = self._http = PatientConnection(max_head=self.config.h11_max_incomplete_size)
        self._drained: int | None = None

    async def handle(self, event: Event) -> None:
        """Take bytes from the socket, or its end."""
        if isinstance(event, RawData) and self._drained is not None:
            await self._drain(event.data)
        else:
            await super().handle(event)

    async def stream_send(self, event: StreamEvent) -> None:
        """Take a part of the answer from the application."""
        if isinstance(event, Response) and event.status_code >= 200 and self.connection.their_state is h11.SEND_BODY:
            # The request is answered before its body has come: the next one cannot follow on this connection.
            headers = [*event.headers, (b"connection", b"close")]
            event = Response(event.stream_id, headers=headers, status_code=event.status_code)
        await super().stream_send(event)

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version not in {b"1.0", b"1.1"}:
            await self._send_error_response(505)
            await self.send(Closed())
            return
        if self._http.wants_continue:
            state = self.connection_state
            self.connection_state = ConnectionState({**state, CONTINUE: self._go_on})
            await super()._create_stream(request)
            self.connection_state = state
        else:
            await super()._create_stream(request)

    async def _go_on(self) -> None:
        if self._http.wants_continue:
            headers = self.config.response_headers("h11")
            await self._send_h11_event(h11.InformationalResponse(status_code=100, headers=headers))

    async def _check_protocol(self, event: h11.Request) -> None:
        if self.http2:
            await super()._check_protocol(event)

    async def _close_stream(self) -> None:
        stream = self.stream
        if isinstance(stream, HTTPStream) and stream.app_put is not None:
            _empty(stream.app_put)
        await super()._close_stream()

    async def _maybe_recycle(self) -> None:
        """The application is done with this request: take the next one, or close."""
        if self.connection.their_state is not h11.SEND_BODY or self.context.terminated.is_set():
            await super()._maybe_recycle()
            return
        self._drained = 0
        await self._close_stream()
        await self.can_read.set()
        self.task_group.spawn(self._end_draining)
        await self._drain(b"")

    async def _drain(self, data: bytes) -> None:
        """Read and forget what is left of a body; close after its end, or when there is too much of it."""
        self._drained = (self._drained or 0) + len(data)
        if data:
            self.connection.receive_data(data)
        try:
            while isinstance(event := self.connection.next_event(), h11.Data):
                pass
        except h11.RemoteProtocolError:
            await self.send(Closed())
            return
        if event is not h11.NEED_DATA or self._drained > _DRAINED_BYTES:
            await self.send(Closed())

    async def _end_draining(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.context.terminated.wait(), _DRAINED_SECONDS)
        await self.send(Closed())

    async def _send_h11_event(self, event: Any) -> None:
        transport = _transport(self.send)
        if transport.get_write_buffer_size() == 0 and len(getattr(event, "data", b"")) < _AT_ONCE:
            await super()._send_h11_event(event)  # the socket takes it at once: no timer is needed
            return
        try:
            async with asyncio.timeout(_UNREAD_SECONDS):
                await super()._send_h11_event(event)
        except TimeoutError:
            transport.abort()  # an orderly close would wait for the client to read


def _empty(put: Callable[[Any], Awaitable[None]]) -> None:
    """Throw away what waits for an application that reads no more: the reader of the socket may wait for room in it."""
    queue: asyncio.Queue[Any] = put.__self__  # type: ignore[attr-defined] # Hypercorn hands out the queue's method
    while not queue.empty():
        queue.get_nowait()


def _transport(send: Callable[[Event], Awaitable[None]]) -> asyncio.WriteTransport:
    writer: asyncio.StreamWriter = send.__self__.writer  # type: ignore[attr-defined] # a method of Hypercorn's TCPServer
    return writer.transport
