"""The sentences about calls that failed, from real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.egress.client import Egress, TlsPolicy
from hub.egress.errors import EgressError
from tests.egress.conftest import Authority, Pair

MakeEgress = Callable[..., Awaitable[Egress]]
Receive = Callable[..., Awaitable[Any]]
Replied = Callable[..., Any]
Answers = Callable[..., Any]
Shows = Callable[..., ssl.SSLContext]
CUT = "the connection was closed in the middle of the body"


async def fail(egress: Egress, url: str, **options: Any) -> EgressError:
    with pytest.raises(EgressError) as caught:
        await egress.request("POST", url, **({"timeout": 5.0, "max_bytes": 1000} | options))
    return caught.value


async def test_nobody_listens(make_egress: MakeEgress) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await fail(await make_egress(), f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert (str(error), error.kind, error.address) == ("the connection was refused", "refused", "127.0.0.1")


async def test_nobody_takes_the_connection(make_egress: MakeEgress) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        error = await fail(await make_egress(), f"http://127.0.0.1:{full.getsockname()[1]}/", timeout=0.1)
    assert str(error) in {"no connection within 0.1 s", "no answer within 0.1 s"}
    assert (error.kind, error.address) == ("timeout", "127.0.0.1")


async def test_a_name_that_does_not_resolve(make_egress: MakeEgress) -> None:
    class Failing:
        def __init__(self, number: int) -> None:
            self.number = number
            self.asked = 0

        async def resolve(self, host: str) -> list[str]:
            self.asked += 1
            raise socket.gaierror(self.number, host)

    for number, sentence in (
        (socket.EAI_NONAME, "name does not resolve"),
        (socket.EAI_AGAIN, "name does not resolve at the moment: the name server gives no answer"),
    ):
        resolver = Failing(number)
        error = await fail(await make_egress(resolver=resolver), "http://x.example/", resend=True)
        assert (str(error), error.kind, error.address) == (sentence, "name", None)
        assert resolver.asked == 1


async def test_a_name_whose_address_refused_is_resolved_again(
    make_egress: MakeEgress, receive: Receive, replied: Replied, answers: Answers
) -> None:
    receiver = await receive(replied(b""))
    egress = await make_egress(resolver=answers(moves_example=[["127.0.0.9"], ["127.0.0.1"]]))
    url = f"http://moves.example:{receiver.port}/"
    assert (await fail(egress, url)).address == "127.0.0.9"
    assert (await egress.request("POST", url, timeout=5, max_bytes=1)).address == "127.0.0.1"


@pytest.mark.parametrize(
    ("sent", "sentence", "kind", "status"),
    [
        (b"", "the connection was closed without an answer", "closed", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", CUT, "closed", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", CUT, "closed", 200),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not valid HTTP: ", "protocol", None),
        (b"\x15\x03\x03\x00\x02\x02\x50\r\n\r\n", "the answer is not valid HTTP: ", "protocol", None),
    ],
)
async def test_answers_that_are_none(
    make_egress: MakeEgress, receive: Receive, sent: bytes, sentence: str, kind: str, status: int | None
) -> None:
    async def answer(_receiver: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        writer.close()

    receiver = await receive(answer)
    error = await fail(await make_egress(), f"http://127.0.0.1:{receiver.port}/")
    assert str(error).startswith(sentence)
    assert (error.kind, error.status, error.address) == (kind, status, "127.0.0.1")
    assert "\n" not in str(error)


async def test_a_connection_that_is_reset(make_egress: MakeEgress, receive: Receive) -> None:
    async def answer(_receiver: Any, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        writer.transport.abort()

    receiver = await receive(answer)
    error = await fail(await make_egress(), f"http://127.0.0.1:{receiver.port}/")
    assert error.kind == "closed"


async def test_an_expired_certificate_is_named_with_its_day(
    make_egress: MakeEgress, receive: Receive, replied: Replied, authority: Any, shows: Shows, tmp_path: Path
) -> None:
    ends = datetime(2024, 1, 2, 3, 4, tzinfo=UTC)
    pair = authority.issue("127.0.0.1", begins=ends - timedelta(days=9), ends=ends)
    receiver = await receive(replied(b""), tls=shows(pair, tmp_path))
    error = await fail(await make_egress(), f"https://127.0.0.1:{receiver.port}/", tls=TlsPolicy(ca=authority.pem))
    assert (str(error), error.kind, error.address) == (
        "certificate expired on 2024-01-02: the leaf certificate, CN=127.0.0.1",
        "tls",
        "127.0.0.1",
    )
    assert receiver.heads == []


async def test_other_certificates_that_are_refused(
    make_egress: MakeEgress, receive: Receive, replied: Replied, authority: Any, shows: Shows, tmp_path: Path
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    unknown = type(authority)("Another authority")
    self_signed = type(authority)("127.0.0.1")
    for pair, sentence in (
        (
            authority.issue("127.0.0.1", begins=tomorrow),
            f"certificate is not valid before {tomorrow:%Y-%m-%d}: the leaf certificate, CN=127.0.0.1",
        ),
        (authority.issue("elsewhere.example"), "certificate is for another host than 127.0.0.1"),
        (
            unknown.issue("127.0.0.1"),
            "certificate's issuer is unknown, or an intermediate certificate is missing",
        ),
        (
            self_signed.own(),
            "certificate is self-signed: give it as the custom CA to trust it",
        ),
    ):
        receiver = await receive(replied(b""), tls=shows(pair, tmp_path))
        error = await fail(await make_egress(), f"https://127.0.0.1:{receiver.port}/", tls=TlsPolicy(ca=authority.pem))
        assert (str(error), error.kind) == (sentence, "tls")
        assert receiver.heads == []


async def test_the_machines_authorities_do_not_know_ours(
    make_egress: MakeEgress, receive: Receive, replied: Replied, authority: Any, shows: Shows, tmp_path: Path
) -> None:
    receiver = await receive(replied(b""), tls=shows(authority.issue("127.0.0.1"), tmp_path))
    error = await fail(await make_egress(), f"https://127.0.0.1:{receiver.port}/")
    assert str(error) == "certificate's issuer is unknown, or an intermediate certificate is missing"


async def test_a_name_is_checked_against_the_certificate(  # noqa: PLR0917 - fixtures and a row of the table
    make_egress: MakeEgress,
    receive: Receive,
    replied: Replied,
    authority: Any,
    shows: Shows,
    answers: Answers,
    tmp_path: Path,
) -> None:
    receiver = await receive(replied(b""), tls=shows(authority.issue("right.example"), tmp_path))
    resolver = answers(right_example=[["127.0.0.1"]], wrong_example=[["127.0.0.1"]])
    egress, tls = await make_egress(resolver=resolver), TlsPolicy(ca=authority.pem)
    error = await fail(egress, f"https://wrong.example:{receiver.port}/", tls=tls)
    assert str(error) == "certificate is for another host than wrong.example"
    response = await egress.request(
        "POST", f"https://right.example:{receiver.port}/", timeout=5, max_bytes=1, tls=tls, hosts=("*.example",)
    )
    assert response.status == 200


async def test_plain_http_behind_an_https_url(make_egress: MakeEgress, receive: Receive, replied: Replied) -> None:
    receiver = await receive(replied(b""))

    async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(speaks_first, "127.0.0.1", 0)
    try:
        error = await fail(await make_egress(), f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    finally:
        server.close()
    assert (str(error), error.kind) == ("TLS failed: what answers on this port does not speak TLS", "tls")
    assert receiver.connections == 0


async def test_tls_to_a_server_without_it_or_that_hangs(make_egress: MakeEgress) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    try:
        error = await fail(await make_egress(), f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", timeout=0.1)
    finally:
        server.close()
    assert (str(error), error.kind) == ("no connection within 0.1 s", "timeout")


@pytest.mark.parametrize("sent", [True, False])
async def test_the_sentence_names_the_intermediate_or_root_that_expired(
    make_egress: MakeEgress, receive: Receive, replied: Replied, shows: Shows, tmp_path: Path, *, sent: bool
) -> None:
    """The intermediate comes with the leaf; the root is the subscription's own CA and may not be sent."""
    ended = datetime(2024, 5, 6, tzinfo=UTC)
    root, old = Authority("Root of the tests"), Authority("Old authority")
    outdated = old.certified_by(root if sent else old, ends=ended)
    pair = old.issue("127.0.0.1")
    shown = Pair(pair.certificate + outdated, pair.key) if sent else pair
    receiver = await receive(replied(b""), tls=shows(shown, tmp_path))
    policy = TlsPolicy(ca=root.pem if sent else outdated)
    error = await fail(await make_egress(), f"https://127.0.0.1:{receiver.port}/", tls=policy)
    kind = "intermediate" if sent else "root"
    assert str(error) == f"certificate expired on 2024-05-06: the {kind} certificate, CN=Old authority"
