"""Answers that break a rule of HTTP but are clear, from real sockets, and those that are ambiguous."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.egress.client import Egress
from hub.egress.errors import EgressError
from hub.egress.exchange.answer_head import repaired_head

MakeEgress = Callable[..., Awaitable[Egress]]
Receive = Callable[..., Awaitable[Any]]

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
CLEAR = [
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", 204, b""),
    (b"HTTP/1.1 204 No Content\r\ncontent-length: 2\r\nCONTENT-LENGTH: 2\r\n\r\nok", 204, b""),
    (b"HTTP/1.1 204 No Content\r\n\r\nok", 204, b""),
    (b"HTTP/1.1 204 No Content\r\n" + CHUNKED, 204, b""),
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n" + CHUNKED, 204, b""),
    (b"HTTP/1.0 204 No Content\r\nContent-Length: 2\r\n\r\nok", 204, b""),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok", 304, b""),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\ncontent-length: 2\r\n\r\nok", 200, b"ok"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 200, b"ok"),
    (b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 202, b""),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", 204, b""),
    (b"HTTP/1.1 200 OK\r\n" + CHUNKED, 200, b"ok"),
]
TOO_LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n<more>"
AMBIGUOUS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + CHUNKED,
]


def speaks(data: bytes, piece: int) -> Callable[..., Awaitable[None]]:
    """An answer with these bytes, in pieces, on a connection that stays open."""

    async def answer(_receiver: Any, writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(data), piece):
            writer.write(data[start : start + piece])
            await writer.drain()
            await asyncio.sleep(0)

    return answer


@pytest.mark.parametrize("piece", [1_000, 7, 1])
@pytest.mark.parametrize(("data", "status", "body"), CLEAR)
async def test_what_is_clear_is_an_answer(
    make_egress: MakeEgress, receive: Receive, data: bytes, status: int, body: bytes, piece: int
) -> None:
    """The second call shows that nothing of the first answer is left in its connection."""
    receiver = await receive(speaks(data, piece))
    egress = await make_egress()
    for _ in range(2):
        answer = await egress.request(
            "POST", f"http://127.0.0.1:{receiver.port}/", timeout=5, max_bytes=100, resend=True
        )
        assert (answer.status, answer.body) == (status, body)


async def test_what_follows_the_body_is_left_out(make_egress: MakeEgress, receive: Receive) -> None:
    receiver = await receive(speaks(TOO_LONG, 1_000))
    egress = await make_egress()
    for _ in range(2):
        answer = await egress.request("POST", f"http://127.0.0.1:{receiver.port}/", timeout=5, max_bytes=100)
        assert (answer.status, answer.body) == (200, b"ok")
    assert receiver.connections == 2


@pytest.mark.parametrize("data", AMBIGUOUS)
async def test_what_is_ambiguous_is_an_error(make_egress: MakeEgress, receive: Receive, data: bytes) -> None:
    receiver = await receive(speaks(data, 1_000))
    egress = await make_egress()
    with pytest.raises(EgressError) as caught:
        await egress.request("POST", f"http://127.0.0.1:{receiver.port}/", timeout=5, max_bytes=100)
    assert caught.value.kind == "protocol"


@given(st.binary(max_size=200))
def test_any_bytes_can_be_a_head(noise: bytes) -> None:
    """It is unchanged unless a rule applies, and never an exception."""
    for start in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 204 OK\r\nContent-Length: "):
        head, left, _ = repaired_head(start + noise + b"\r\n\r\n")
        assert head.endswith(b"\r\n\r\n")
        assert left is None or left >= 0
