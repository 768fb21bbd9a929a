"""HTTP/1 as it stands on the wire: framing, `100 Continue`, early answers, connections that are closed."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import requests

from hub.testing.live import LiveHub, live_hub

SECONDS = 20
HEAD = "POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path_factory.mktemp("http1") / "data", max_body_bytes=4096) as running:
        yield running


async def path_of(hub: LiveHub) -> str:
    """The path of a new source."""
    return urlsplit(str((await hub.workflow())["source"]["urls"]["tracecat"])).path


async def count(hub: LiveHub) -> int:
    """How many requests the hub has kept."""
    return len((await hub.api("GET", "/api/requests?limit=200")).json()["items"])


class Wire:
    """A raw connection to a hub."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, hub: LiveHub) -> Wire:
        parts = urlsplit(hub.url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)

    async def head(self) -> str:
        """The next status line with its headers."""
        return (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), SECONDS)).decode()

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return await asyncio.wait_for(self.reader.read(), SECONDS)

    def close(self) -> None:
        self.writer.transport.abort()


SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"),
        ("transfer-encoding: chunked\r\ncontent-length: 0\r\n", "0\r\n\r\n"),
        ("Content-Length: 2\r\nContent-Length: 4\r\n", "{}"),
        ("Content-Length: 2, 4\r\n", "{}"),
        ("Content-Length: +2\r\n", "{}"),
        ("Content-Length: 2 2\r\n", "{}"),
        ("Content-Length : 2\r\n", "{}"),
        ("Content-Length:\r\n 2\r\n", "{}"),
        ("X-Folded: a\r\n b\r\nContent-Length: 2\r\n", "{}"),
        ("X-Folded: a\r\n\tContent-Length: 4\r\nContent-Length: 2\r\n", "{}"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"),
    ],
)
async def test_an_ambiguous_length_is_refused_and_what_follows_is_not_served(
    hub: LiveHub, headers: str, body: str
) -> None:
    path, before = await path_of(hub), await count(hub)
    wire = await Wire.to(hub)
    wire.send(HEAD.format(path=path) + headers + "\r\n" + body + SMUGGLED)
    answer = await wire.rest()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), answer
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"connection: close" in answer.lower()
    assert await count(hub) == before
    wire.close()


async def test_http_1_0_has_no_transfer_encoding(hub: LiveHub) -> None:
    path = await path_of(hub)
    wire = await Wire.to(hub)
    wire.send(f"POST {path} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert (await wire.rest()).startswith(b"HTTP/1.1 400 ")
    wire.close()


async def test_an_equal_doubled_length_is_one_length(hub: LiveHub) -> None:
    path = await path_of(hub)
    wire = await Wire.to(hub)
    wire.send(HEAD.format(path=path) + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + SMUGGLED)
    assert (await wire.head()).startswith("HTTP/1.1 200 ")
    wire.close()


async def test_requests_that_follow_each_other_are_all_served(hub: LiveHub) -> None:
    path, before = await path_of(hub), await count(hub)
    one = HEAD.format(path=path) + "Content-Length: 2\r\n\r\n{}"
    chunked = HEAD.format(path=path) + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    last = HEAD.format(path=path) + "Connection: close\r\nContent-Length: 2\r\n\r\n{}"
    wire = await Wire.to(hub)
    wire.send(one + chunked + one + last)
    assert (await wire.rest()).count(b"HTTP/1.1 200 ") == 4
    assert await count(hub) == before + 4
    wire.close()


@pytest.mark.parametrize(
    "first", ["POST {path} HTTP/1.0\r\n", "POST {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"]
)
async def test_a_line_break_behind_the_last_body_of_a_connection_is_ignored(hub: LiveHub, first: str) -> None:
    path = await path_of(hub)
    wire = await Wire.to(hub)
    wire.send(first.format(path=path) + "Content-Length: 2\r\n\r\n{}\r\n")
    answer = await wire.rest()
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert answer.count(b"HTTP/1.1 ") == 1
    wire.close()


async def test_a_sender_that_asks_first_is_told_to_go_on(hub: LiveHub) -> None:
    path = await path_of(hub)
    wire = await Wire.to(hub)
    wire.send(HEAD.format(path=path) + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert (await wire.head()).startswith("HTTP/1.1 100 ")
    wire.send("{}")
    assert (await wire.head()).startswith("HTTP/1.1 200 ")
    wire.close()


async def test_the_management_api_tells_a_sender_to_go_on_too(hub: LiveHub) -> None:
    wire = await Wire.to(hub)
    wire.send("POST /api/workflows HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert (await wire.head()).startswith("HTTP/1.1 100 ")
    wire.close()


@pytest.mark.parametrize(
    ("change", "length", "status"), [("", 5000, 413), ("/nobody", 2, 401)], ids=["over the cap", "unknown source"]
)
async def test_a_sender_that_asks_first_and_is_refused_sends_no_body(
    hub: LiveHub, change: str, length: int, status: int
) -> None:
    path = await path_of(hub) if not change else "/webhooks/wf_nobody/secret"
    wire = await Wire.to(hub)
    wire.send(HEAD.format(path=path) + f"Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n")
    assert (await wire.head()).startswith(f"HTTP/1.1 {status} ")
    wire.close()


@pytest.mark.parametrize("size", [5_000, 200_000, 3_000_000])
async def test_ordinary_clients_read_the_413(hub: LiveHub, size: int) -> None:
    """A client that sends its whole body before it reads would else see a reset connection."""
    url = hub.url + await path_of(hub)
    body = json.dumps("x" * size).encode()

    def chunks() -> list[bytes]:
        return [body[start : start + 8192] for start in range(0, len(body), 8192)]

    def by_requests() -> int:
        return requests.post(url, data=body, timeout=SECONDS).status_code

    def by_requests_in_chunks() -> int:
        return requests.post(url, data=iter(chunks()), timeout=SECONDS).status_code

    def by_http_client() -> int:
        parts = urlsplit(url)
        with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)) as one:
            one.request("POST", parts.path, body=body)
            return one.getresponse().status

    for send in (by_requests, by_requests_in_chunks, by_http_client):
        assert await asyncio.to_thread(send) == 413


async def test_a_body_that_nobody_wants_is_not_read_for_ever(hub: LiveHub) -> None:
    path = await path_of(hub)
    wire = await Wire.to(hub)
    wire.send(HEAD.format(path=path) + "Transfer-Encoding: chunked\r\n\r\n")
    wire.send(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    assert (await wire.head()).startswith("HTTP/1.1 413 ")
    assert b"HTTP/1.1" not in await wire.rest(), "the connection is closed though the body goes on"
    wire.close()


@pytest.mark.parametrize(
    "opening",
    [
        "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=["upgrade", "prior knowledge"],
)
async def test_a_connection_in_clear_text_stays_http_1(hub: LiveHub, opening: str) -> None:
    wire = await Wire.to(hub)
    wire.send(opening)
    head = await wire.head()
    assert head.startswith(("HTTP/1.1 200 ", "HTTP/1.1 505 ")), head
    wire.close()
