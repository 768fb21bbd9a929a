"""Reading the body: the exact bytes, under a size cap and a time limit."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any

from hub.inbound.http.arrival import Arrival, BodyStream
from hub.inbound.refusals import RequestRefused
from hub.sdk.dialect import Refusal

__all__ = ["read_body"]


async def read_body(arrival: Arrival, stream: BodyStream, cap: int, seconds: float) -> bytes:
    """Collect the body of a request.

    Args:
        arrival: The request.
        stream: Its body.
        cap: Largest size in bytes. A declared length over it is refused before a byte is read.
        seconds: Longest time that the whole body may take.

    Raises:
        RequestRefused: 413 over the cap, 408 past the time.
        ConnectionError: The sender hung up before the end.
    """
    declared = arrival.declared_length
    if declared is not None and declared > cap:
        raise _too_large(cap)
    collecting = _collect(stream, cap)
    # Most bodies have come in with the head. Then the coroutine ends at its first step, and no timer is needed.
    try:
        waiting = collecting.send(None)
    except StopIteration as done:
        body: bytes = done.value
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _resumed(collecting, waiting)
    except TimeoutError:
        reason = f"the body did not arrive within {seconds:g} s"
        raise RequestRefused(
            Refusal("admit", "body_time", 408, reason, "Request body did not arrive in time")
        ) from None


async def _collect(stream: BodyStream, cap: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in stream():
        size += len(chunk)
        if size > cap:
            raise _too_large(cap)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


@types.coroutine
def _resumed(coroutine: Coroutine[Any, Any, bytes], waiting: object) -> Generator[object, Any, bytes]:
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
        body: bytes = done.value
        return body


def _too_large(cap: int) -> RequestRefused:
    reason = f"the body is over {cap} bytes"
    return RequestRefused(Refusal("admit", "body_size", 413, reason, "Request body too large"))
