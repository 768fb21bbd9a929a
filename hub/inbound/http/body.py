"""Reading the body: the exact bytes and what they decode to, under a size cap and a time limit."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any

from hub.inbound.http.arrival import Arrival, Body, BodyStream
from hub.inbound.http.encoding import BodyDecoder, decoder_of
from hub.inbound.refusals import RequestRefused
from hub.sdk.dialect import Refusal

__all__ = ["decoded_body", "read_body"]


_LARGEST = 1 << 30
"""Largest cap that a source can have."""


async def read_body(arrival: Arrival, stream: BodyStream, cap: int, seconds: float) -> Body:
    """Collect the body of a request.

    Args:
        arrival: The request.
        stream: Its body.
        cap: Largest size in bytes, as received and decoded. A declared length over it is refused before a byte is read.
        seconds: Longest time that the whole body may take.

    Raises:
        RequestRefused: 413 over the cap, 408 past the time, 415 for a Content-Encoding that is not decoded here, 400
            for a body that is not what its Content-Encoding says.
        ConnectionError: The sender hung up before the end.
    """
    declared = arrival.declared_length
    if declared is not None and declared > cap:
        raise _too_large(cap)
    decoder = decoder_of(arrival.headers)
    collecting = _collect(stream, cap, decoder)
    # Most bodies have come in with the head. Then the coroutine ends at its first step, and no timer is needed.
    try:
        waiting = collecting.send(None)
    except StopIteration as done:
        body: Body = done.value
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _resumed(collecting, waiting)
    except TimeoutError:
        reason = f"the body did not arrive within {seconds:g} s"
        raise RequestRefused(
            Refusal("admit", "body_time", 408, reason, "Request body did not arrive in time")
        ) from None


def decoded_body(arrival: Arrival, received: bytes) -> Body:
    """The body of a request that is there already: one that is kept, or that is only explained.

    Raises:
        RequestRefused: As `read_body`.
    """
    decoder = decoder_of(arrival.headers)
    if decoder is None or not received:
        return Body(received)
    pieces, size = [], 0
    for piece in decoder.feed(received):
        size += len(piece)
        if size > _LARGEST:
            raise _too_large(_LARGEST)
        pieces.append(piece)
    decoder.end()
    return Body(b"".join(pieces), received)


async def _collect(stream: BodyStream, cap: int, decoder: BodyDecoder | None) -> Body:
    chunks: list[bytes] = []
    pieces: list[bytes] = []
    received = decoded = 0
    async for chunk in stream():
        received += len(chunk)
        if received > cap:
            raise _too_large(cap)
        chunks.append(chunk)
        if decoder is not None:
            for piece in decoder.feed(chunk):
                decoded += len(piece)
                if decoded > cap:
                    raise _too_large(cap)
                pieces.append(piece)
    whole = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    if decoder is None or not whole:
        return Body(whole)
    decoder.end()
    return Body(b"".join(pieces), whole)


@types.coroutine
def _resumed(coroutine: Coroutine[Any, Any, Body], waiting: object) -> Generator[object, Any, Body]:
    """Await a coroutine that has been started already and has yielded `waiting`."""
    try:
        while True:
            try:
                sent = yield waiting
            except BaseException as error:  # noqa: BLE001 - a cancellation is for the coroutine to see
                waiting = coroutine.throw(error)
            else:
                waiting = coroutine.send(sent)
    except StopIteration as done:
        body: Body = done.value
        return body


def _too_large(cap: int) -> RequestRefused:
    reason = f"the body is over {cap} bytes"
    return RequestRefused(Refusal("admit", "body_size", 413, reason, "Request body too large"))
