"""The certificates of a refused chain. They are asked for again, since a failed handshake keeps no certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509

from hub.egress.address.urls import SplitUrl
from hub.egress.guard import Guard

__all__ = ["certificate_chain", "certificate_name", "outdated_certificate"]


async def certificate_chain(guard: Guard, target: SplitUrl, address: str, seconds: float) -> Sequence[x509.Certificate]:
    """The certificates that a server sends, its own first; none if it sends none in time.

    Args:
        guard: Checks the address again.
        target: Its host is the name in the handshake.
        address: The address with which the handshake failed.
        seconds: Time limit.
    """
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        sock = guard.open_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, target.port)))
        with sock:
            async with asyncio.timeout(seconds):
                return await _ask(sock, context, target, (address, target.port))
    except (OSError, ValueError):
        return ()


async def _ask(
    sock: socket.socket, context: ssl.SSLContext, target: SplitUrl, peer: tuple[str, int]
) -> Sequence[x509.Certificate]:
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, peer)
    _, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=target.host.removesuffix("."))
    try:
        # Until Python 3.13 only the object below has the whole chain.
        tls = writer.get_extra_info("ssl_object")
        chain = tls._sslobj.get_unverified_chain() or ()  # noqa: SLF001 - see above
        ders = [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain]
    finally:
        writer.transport.abort()
    return [x509.load_der_x509_certificate(der) for der in ders]


def outdated_certificate(
    sent: Sequence[x509.Certificate], ca: str | None, now: datetime
) -> tuple[x509.Certificate, str] | None:
    """The first certificate of a chain that is not valid at `now`, and what it is in the chain; None if all are.

    Args:
        sent: As the server sends them, its own first.
        ca: The custom CA, PEM, among which the root may be.
        now: With its time zone.
    """
    roots: list[x509.Certificate] = []
    if ca is not None:
        with suppress(ValueError):
            roots = [each for each in x509.load_pem_x509_certificates(ca.encode()) if each not in sent]
    for place, each in enumerate([*sent, *roots]):
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            kind = "leaf" if place == 0 else "root" if each.subject == each.issuer else "intermediate"
            return each, kind
    return None


def certificate_name(certificate: x509.Certificate) -> str:
    """The subject of a certificate on one line, such as `CN=receiver.example`."""
    name = certificate.subject.rfc4514_string()[:200]
    return name if name.isprintable() and name else "without a subject"
