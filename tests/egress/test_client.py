"""Calls to receivers on loopback."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import pytest

from hub.egress.client import Egress, Response
from hub.egress.errors import EgressError
from hub.errors import AddressRefused, Invalid

MakeEgress = Callable[..., Awaitable[Egress]]
Receive = Callable[..., Awaitable[Any]]
Replied = Callable[..., Any]
Answers = Callable[..., Any]
MIB = 1 << 20


async def call(egress: Egress, port: int, method: str = "POST", path: str = "/", **options: Any) -> Response:
    options = {"timeout": 5.0, "max_bytes": 1000} | options
    return await egress.request(method, f"http://{options.pop('host', '127.0.0.1')}:{port}{path}", **options)


async def test_an_answer_comes_back_whole(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    receiver = await receive(replied(b"thanks", status="202 Accepted", headers=["X-A: 1", "X-A: 2", "Set-Cookie: a=b"]))
    egress = await make_egress()
    response = await call(egress, receiver.port, path="/a/../b?c=%7e", body=b'{"x":1}', headers={"Content-Type": "a/b"})
    assert (response.status, response.body, response.truncated, response.note) == (202, b"thanks", False, "")
    assert response.headers[:3] == (("X-A", "1"), ("X-A", "2"), ("Set-Cookie", "a=b"))
    assert response.address == "127.0.0.1"
    assert response.duration_ms >= 0
    assert receiver.bodies == [b'{"x":1}']
    head = receiver.heads[0].split("\r\n")
    assert head[0] == "POST /a/../b?c=%7e HTTP/1.1"
    assert {"Content-Type: a/b", "User-Agent: hub/test", "Accept-Encoding: gzip, deflate", "Content-Length: 7"} < {
        *head
    }


async def test_a_connection_is_kept_and_no_cookie_is(
    make_egress: MakeEgress, receive: Receive, replied: Replied
) -> None:
    receiver = await receive(replied(b"", headers=["Set-Cookie: a=b; Path=/"]))
    egress = await make_egress()
    addresses = {(await call(egress, receiver.port)).address for _ in range(5)}
    assert addresses == {"127.0.0.1"}
    assert receiver.connections == 1
    assert not any("cookie" in head.lower() for head in receiver.heads)


async def test_pools_never_share_a_connection(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    receiver = await receive(replied(b""))
    egress = await make_egress()
    for pool in ("a", "b", "a", ("org", 1)):
        await call(egress, receiver.port, pool=pool)
    assert receiver.connections == 3


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    make_egress: MakeEgress, receive: Receive, replied: Replied, status: str
) -> None:
    inner = await receive(replied(b"secret"))
    receiver = await receive(replied(b"", status=status, headers=[f"Location: http://127.0.0.1:{inner.port}/"]))
    egress = await make_egress()
    for method in ("GET", "POST"):
        response = await call(egress, receiver.port, method)
        assert response.status == int(status[:3])
        assert response.body == b""
    assert inner.connections == 0


async def test_proxies_and_netrc_of_the_environment_do_not_count(
    make_egress: MakeEgress, receive: Receive, replied: Replied, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    proxy, receiver = await receive(replied(b"proxy")), await receive(replied(b"receiver"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password pw\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    response = await call(await make_egress(), receiver.port, "GET")
    assert response.body == b"receiver"
    assert proxy.connections == 0
    assert "authorization" not in receiver.heads[0].lower()


async def test_a_forbidden_url_gets_no_connection(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    receiver = await receive(replied(b""))
    egress = await make_egress(allow=())
    for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "localhost", "[64:ff9b::127.0.0.1]"):
        with pytest.raises(AddressRefused):
            await call(egress, receiver.port, host=host)
    assert receiver.connections == 0


async def test_a_name_that_answers_public_first_and_loopback_second_gets_no_connection(
    make_egress: MakeEgress, receive: Receive, replied: Replied, answers: Answers
) -> None:
    receiver = await receive(replied(b""))
    egress = await make_egress(allow=(), resolver=answers(turns_example=[["8.8.8.8"], ["127.0.0.1"]]), name_seconds=0)
    await egress.guard.check_target(f"http://turns.example:{receiver.port}/")
    with pytest.raises(
        AddressRefused, match=r"^address 127\.0\.0\.1 is loopback: add it to HUB_EGRESS_ALLOW to permit$"
    ):
        await call(egress, receiver.port, host="turns.example")
    assert receiver.connections == 0


@pytest.mark.parametrize("candidates", [["127.0.0.1", "10.0.0.5"], ["10.0.0.5", "127.0.0.1"], ["127.0.0.1", "::1"]])
async def test_a_name_with_one_forbidden_answer_gets_no_connection(
    make_egress: MakeEgress, receive: Receive, replied: Replied, answers: Answers, candidates: list[str]
) -> None:
    receiver = await receive(replied(b""))
    egress = await make_egress(resolver=answers(mixed_example=[candidates]))
    with pytest.raises(AddressRefused):
        await call(egress, receiver.port, host="mixed.example")
    assert receiver.connections == 0


async def test_a_name_is_dialled_at_its_judged_address(
    make_egress: MakeEgress, receive: Receive, replied: Replied, answers: Answers
) -> None:
    receiver = await receive(replied(b"hi"))
    resolver = answers(fine_example=[["127.0.0.1"], ["10.0.0.5"]])
    egress = await make_egress(resolver=resolver)
    for pool in ("a", "b"):
        assert (await call(egress, receiver.port, host="FINE.example", pool=pool)).address == "127.0.0.1"
    assert receiver.heads[0].split("\r\n")[1] == f"Host: fine.example:{receiver.port}"
    assert resolver.asked == ["fine.example"]


async def test_the_second_candidate_serves_where_the_first_does_not_answer(
    make_egress: MakeEgress, receive: Receive, replied: Replied, answers: Answers
) -> None:
    receiver = await receive(replied(b"hi"))
    egress = await make_egress(resolver=answers(two_example=[["127.0.0.9", "127.0.0.1"]]))
    assert (await call(egress, receiver.port, host="two.example")).address == "127.0.0.1"


async def test_one_limit_for_everything(make_egress: MakeEgress, receive: Receive) -> None:
    async def silent(_receiver: Any, _writer: asyncio.StreamWriter) -> None:
        await asyncio.get_running_loop().create_future()

    async def slow_body(_receiver: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await asyncio.get_running_loop().create_future()

    async def slow_head(_receiver: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
        await asyncio.get_running_loop().create_future()

    async def informing(receiver: Any, writer: asyncio.StreamWriter) -> None:
        while not receiver.gone.is_set():
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
            await writer.drain()

    egress = await make_egress()
    for answer, sentence, status in (
        (silent, "no answer within 0.1 s", None),
        (slow_head, "no answer within 0.1 s", None),
        (informing, "no answer within 0.1 s", None),
        (slow_body, "the body did not end within 0.1 s", 200),
    ):
        receiver = await receive(answer)
        started = perf_counter()
        with pytest.raises(EgressError) as caught:
            await call(egress, receiver.port, timeout=0.1)
        assert perf_counter() - started < 30
        assert (str(caught.value), caught.value.status) == (sentence, status)
        assert (caught.value.kind, caught.value.address) == ("timeout", "127.0.0.1")
        assert caught.value.duration_ms >= 100


async def test_the_limit_counts_the_name_too(make_egress: MakeEgress) -> None:
    class Silent:
        async def resolve(self, _host: str) -> list[str]:
            await asyncio.get_running_loop().create_future()
            return []

    egress = await make_egress(resolver=Silent())
    with pytest.raises(EgressError, match=r"^name does not resolve within 0\.05 s$") as caught:
        await call(egress, 80, host="slow.example", timeout=0.05)
    assert caught.value.address is None


async def test_a_body_is_kept_up_to_the_cap(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    egress = await make_egress()
    for size, truncated in ((999, False), (1000, False), (1001, True), (5_000_000, True)):
        receiver = await receive(replied(b"x" * size))
        response = await call(egress, receiver.port)
        assert len(response.body) == min(size, 1000)
        assert response.truncated == truncated
        assert bool(response.note) == truncated


async def test_a_body_without_end_is_left(make_egress: MakeEgress, receive: Receive) -> None:
    async def endless(receiver: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not receiver.gone.is_set():
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    receiver = await receive(endless)
    egress = await make_egress()
    response = await call(egress, receiver.port, max_bytes=100_000)
    assert (len(response.body), response.truncated) == (100_000, True)
    await asyncio.wait_for(receiver.gone.wait(), 5)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compression_bomb_takes_no_memory(
    make_egress: MakeEgress, receive: Receive, replied: Replied, memory: Callable[[], int], encoding: str
) -> None:
    bomb = _zeros(300 * MIB, 31 if encoding == "gzip" else 15)
    receiver = await receive(replied(bomb, headers=[f"Content-Encoding: {encoding}"]))
    response = await call(await make_egress(), receiver.port, max_bytes=100_000)
    assert response.body == bytes(100_000)
    assert response.truncated
    assert memory() < 4 * MIB + len(bomb)


async def test_compressed_bodies_are_read(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    egress = await make_egress()
    bare = zlib.compressobj(wbits=-15)
    for encoding, data in (
        ("gzip", gzip.compress(b"hello")),
        ("x-gzip", gzip.compress(b"hel") + gzip.compress(b"lo")),
        ("GZIP", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", bare.compress(b"hello") + bare.flush()),
        ("identity", b"hello"),
    ):
        receiver = await receive(replied(data, headers=[f"Content-Encoding: {encoding}"]))
        response = await call(egress, receiver.port)
        assert (response.body, response.note) == (b"hello", "")


async def test_a_body_that_cannot_be_decoded_leaves_the_status(
    make_egress: MakeEgress, receive: Receive, replied: Replied
) -> None:
    egress = await make_egress()
    for encoding, data, body, note in (
        ("gzip", b"no gzip", b"", "the body is not valid gzip"),
        ("gzip", gzip.compress(b"hello")[:-9], b"hello", "the gzip stream ends too early"),
        ("br", b"\x0b\x02\x80", b"\x0b\x02\x80", "the body is encoded as 'br', which was not asked for"),
        ("gzip", b"", b"", ""),
    ):
        receiver = await receive(replied(data, headers=[f"Content-Encoding: {encoding}"]))
        response = await call(egress, receiver.port)
        assert (response.status, response.note) == (200, note)
        assert body.startswith(response.body)


async def test_many_or_long_headers_are_refused(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    egress = await make_egress()
    for headers in ([f"X-{n}: 1" for n in range(200)], ["X-A: " + "a" * 40_000]):
        receiver = await receive(replied(b"", headers=headers))
        with pytest.raises(EgressError) as caught:
            await call(egress, receiver.port)
        assert caught.value.kind == "protocol"
        assert str(caught.value).startswith("the answer is not valid HTTP: ")


async def test_header_values_that_are_no_utf_8_can_be_stored(make_egress: MakeEgress, receive: Receive) -> None:
    async def latin(_receiver: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: caf\xe9\r\nX-B: caf\xc3\xa9\r\n\r\n")

    receiver = await receive(latin)
    headers = dict((await call(await make_egress(), receiver.port)).headers)
    assert (headers["X-A"], headers["X-B"]) == ("caf�", "café")


@pytest.mark.parametrize("method", ["get", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_methods(make_egress: MakeEgress, receive: Receive, replied: Replied, method: str) -> None:
    receiver = await receive(replied(b""))
    assert (await call(await make_egress(), receiver.port, method)).status == 200
    assert receiver.heads[0].startswith(method.upper() + " / ")


async def test_input_that_cannot_be_sent_is_invalid(make_egress: MakeEgress) -> None:
    egress = await make_egress()
    for options in (
        {"method": "CONNECT"},
        {"method": "GET / HTTP/1.1\r\nX: y"},
        {"headers": {"Host": "x"}},
        {"headers": {"X": "a\r\nb"}},
    ):
        with pytest.raises(Invalid):
            await call(egress, 1, **options)


async def test_vendors_call_https_at_their_hosts_only(make_egress: MakeEgress) -> None:
    egress = await make_egress()
    with pytest.raises(AddressRefused, match="https only"):
        await call(egress, 1, hosts=("127.0.0.1",))
    with pytest.raises(AddressRefused, match="is not among those"):
        await egress.request("GET", "https://a.b.example/", timeout=1, max_bytes=1, hosts=("*.example",))


async def test_a_large_body_is_sent(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    receiver = await receive(replied(b""))
    body = bytes(range(256)) * (3 * MIB // 256)
    await call(await make_egress(), receiver.port, body=body)
    assert receiver.bodies == [body]
    assert f"content-length: {len(body)}" in receiver.heads[0].lower()


def _hanging_up_after(requests: int) -> Any:
    """Answers so many requests of a connection, and closes it at the next one."""
    served: Counter[asyncio.StreamWriter] = Counter()

    async def answer(receiver: Any, writer: asyncio.StreamWriter) -> None:
        if served[writer] == requests:
            writer.close()
            return
        served[writer] += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    return answer


@pytest.mark.parametrize("size", [1, 500_000])
async def test_a_dead_kept_connection_is_replaced_where_that_is_asked_for(
    make_egress: MakeEgress, receive: Receive, size: int
) -> None:
    egress = await make_egress()
    receiver = await receive(_hanging_up_after(1))
    await call(egress, receiver.port)
    with pytest.raises(EgressError, match="the connection was closed without an answer"):
        await call(egress, receiver.port)
    await call(egress, receiver.port)
    body = b"again" * size
    assert (await call(egress, receiver.port, body=body, resend=True)).status == 200
    assert receiver.connections == 3
    assert receiver.bodies[-2:] == [body, body]


async def test_a_fresh_connection_that_dies_is_not_replaced(make_egress: MakeEgress, receive: Receive) -> None:
    receiver = await receive(_hanging_up_after(0))
    with pytest.raises(EgressError, match="the connection was closed without an answer") as caught:
        await call(await make_egress(), receiver.port, resend=True)
    assert (caught.value.kind, caught.value.address) == ("closed", "127.0.0.1")
    assert receiver.connections == 1


async def test_hanging_receivers_hold_up_nobody(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    async def silent(_receiver: Any, _writer: asyncio.StreamWriter) -> None:
        await asyncio.get_running_loop().create_future()

    hanging, quick = await receive(silent), await receive(replied(b""))
    egress = await make_egress()
    waiting = [asyncio.create_task(call(egress, hanging.port)) for _ in range(150)]
    await asyncio.wait(waiting, timeout=0)
    assert (await call(egress, quick.port)).status == 200
    for task in waiting:
        task.cancel()
    assert all(
        isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*waiting, return_exceptions=True)
    )


async def test_answers_nobody_asked_for_are_given_to_nobody(make_egress: MakeEgress, receive: Receive) -> None:
    async def twice(_receiver: Any, writer: asyncio.StreamWriter) -> None:
        good, bad = (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body for body in (b"good", b"evil"))
        writer.write(good + bad)

    receiver = await receive(twice)
    egress = await make_egress()
    for _ in range(3):
        assert (await call(egress, receiver.port)).body == b"good"
    assert receiver.connections == 3


async def test_a_switch_of_protocols_ends_the_connection(
    make_egress: MakeEgress, receive: Receive, replied: Replied
) -> None:
    receiver = await receive(
        replied(b"", status="101 Switching Protocols", headers=["Upgrade: x", "Connection: upgrade"])
    )
    egress = await make_egress()
    for _ in range(2):
        assert (await call(egress, receiver.port, timeout=1)).status == 101
    assert receiver.connections == 2


async def test_after_the_stop_nothing_is_called(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    receiver = await receive(replied(b""))
    egress = await make_egress()
    await egress.stop()
    with pytest.raises(EgressError, match="the hub is stopping"):
        await call(egress, receiver.port)
    assert receiver.connections == 0


def _zeros(size: int, wbits: int) -> bytes:
    """So many zero bytes, compressed."""
    stream = zlib.compressobj(9, wbits=wbits)
    block = bytes(MIB)
    return b"".join(stream.compress(block) for _ in range(size // MIB)) + stream.flush()
