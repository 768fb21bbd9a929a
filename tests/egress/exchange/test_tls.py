"""TLS policies: what is trusted, what is shown, and that no connection crosses policies."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from hub.egress.client import Egress, TlsPolicy
from hub.egress.errors import EgressError
from hub.errors import Invalid

MakeEgress = Callable[..., Awaitable[Egress]]
Receive = Callable[..., Awaitable[Any]]
Replied = Callable[..., Any]
Shows = Callable[..., ssl.SSLContext]


async def post(egress: Egress, port: int, tls: TlsPolicy | None) -> int:
    return (await egress.request("POST", f"https://127.0.0.1:{port}/", timeout=5, max_bytes=1000, tls=tls)).status


async def test_policies_decide_and_never_share_a_connection(
    make_egress: MakeEgress, receive: Receive, replied: Replied, authority: Any, shows: Shows, tmp_path: Path
) -> None:
    receiver = await receive(replied(b""), tls=shows(authority.issue("127.0.0.1"), tmp_path))
    egress = await make_egress()
    assert await post(egress, receiver.port, TlsPolicy(verify=False)) == 200
    connections = receiver.connections
    for tls in (None, TlsPolicy(), TlsPolicy(ca=type(authority)("Stranger").pem)):
        with pytest.raises(EgressError):
            await post(egress, receiver.port, tls)
    assert len(receiver.heads) == 1
    for _ in range(3):
        assert await post(egress, receiver.port, TlsPolicy(ca=authority.pem)) == 200
        assert await post(egress, receiver.port, TlsPolicy(verify=False)) == 200
    assert receiver.connections == connections + 1


async def test_a_client_certificate_is_shown_only_under_its_policy(
    make_egress: MakeEgress, receive: Receive, replied: Replied, authority: Any, shows: Shows, tmp_path: Path
) -> None:
    context = shows(authority.issue("127.0.0.1"), tmp_path, clients=authority)
    receiver = await receive(replied(b""), tls=context)
    client = authority.issue("client.example")
    egress = await make_egress()
    for tls in (
        TlsPolicy(ca=authority.pem, certificate=client.certificate, key=client.key),
        TlsPolicy(ca=authority.pem, certificate=client.certificate + client.key),
        TlsPolicy(verify=False, certificate=client.certificate, key=client.key),
    ):
        assert await post(egress, receiver.port, tls) == 200
    stranger = type(authority)("Stranger").issue("client.example")
    for tls in (
        TlsPolicy(ca=authority.pem),
        TlsPolicy(ca=authority.pem, certificate=stranger.certificate, key=stranger.key),
    ):
        with pytest.raises(EgressError):
            await post(egress, receiver.port, tls)
    assert len(receiver.heads) == 3


async def test_the_alert_of_a_server_that_wants_a_client_certificate_is_told(
    make_egress: MakeEgress, authority: Any, shows: Shows, tmp_path: Path
) -> None:
    context = shows(authority.issue("127.0.0.1"), tmp_path, clients=authority)
    stranger = type(authority)("Stranger").issue("client.example")
    egress = await make_egress()
    for tls, sentence in (
        (TlsPolicy(ca=authority.pem), "TLS failed: a client certificate is required"),
        (
            TlsPolicy(ca=authority.pem, certificate=stranger.certificate, key=stranger.key),
            "TLS failed: the client certificate was refused: its issuer is unknown",
        ),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:
            refusing = asyncio.create_task(asyncio.to_thread(_refuse, server, context))
            with pytest.raises(EgressError) as caught:
                await post(egress, server.getsockname()[1], tls)
            await refusing
        assert (str(caught.value), caught.value.kind) == (sentence, "tls")


def _refuse(server: socket.socket, context: ssl.SSLContext) -> None:
    """Take one connection, refuse its certificate with an alert, and read what comes until it closes."""
    connection, _ = server.accept()
    shaking = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    with pytest.raises(ssl.SSLError):
        shaking.do_handshake()
    with socket.socket(fileno=shaking.detach()) as bare:
        while bare.recv(65_536):
            pass


def test_options_that_cannot_be_used_are_pointed_at(authority: Any) -> None:
    one, two = authority.issue("a.example"), authority.issue("b.example")
    encrypted = (
        serialization.load_pem_private_key(one.key.encode(), None)
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
        )
        .decode()
    )
    client, unusable = "/tls/client_certificate", "is not a PEM certificate with an unencrypted key"
    for tls, pointer, message in (
        (TlsPolicy(ca="nonsense"), "/tls/ca", "is not a PEM certificate that can be trusted"),
        (TlsPolicy(ca=""), "/tls/ca", "is not a PEM certificate that can be trusted"),
        (TlsPolicy(ca="é"), "/tls/ca", "is not a PEM certificate that can be trusted"),
        (TlsPolicy(ca=one.key), "/tls/ca", "is not a PEM certificate that can be trusted"),
        (TlsPolicy(certificate="nonsense"), client, unusable),
        (TlsPolicy(certificate=one.certificate), client, unusable),
        (TlsPolicy(certificate=one.certificate, key=two.key), client, "the key belongs to another certificate"),
        (TlsPolicy(certificate=one.certificate, key=encrypted), client, unusable),
        (TlsPolicy(key=one.key), client, "is missing, but there is a key"),
    ):
        with pytest.raises(Invalid) as caught:
            tls.context()
        assert (caught.value.problems[0].pointer, caught.value.problems[0].message) == (pointer, message)


async def test_unusable_options_fail_the_call_as_invalid(make_egress: MakeEgress) -> None:
    with pytest.raises(Invalid):
        await post(await make_egress(), 1, TlsPolicy(ca="nonsense"))


def test_contexts_are_strict() -> None:
    context = TlsPolicy().context()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert TlsPolicy(verify=False).context().verify_mode == ssl.CERT_NONE


def test_a_key_is_not_shown() -> None:
    assert "sesame" not in repr(TlsPolicy(certificate="c", key="sesame"))


async def test_many_policies_keep_a_bounded_number_of_pools(make_egress: MakeEgress) -> None:
    egress = await make_egress()
    for number in range(600):
        await egress._pools.get(None, number)
    assert len(egress._pools._pools) == 512
    busy = await egress._pools.get(None, 599)
    busy.busy = 1
    for number in range(600, 1200):
        await egress._pools.get(None, number)
    assert await egress._pools.get(None, 599) is busy
    assert not busy.session.closed
