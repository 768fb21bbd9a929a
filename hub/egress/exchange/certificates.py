"""The validity of a refused certificate. It is asked for again, since a failed handshake keeps no certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509

from hub.egress.address.urls import SplitUrl
from hub.egress.guard import Guard

__all__ = ["certificate_validity"]


async def certificate_validity(
    guard: Guard, target: SplitUrl, address: str, seconds: float
) -> tuple[datetime, datetime] | None:
    """From when to when the certificate of a server is valid; None if it sends none in time.

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
        return None


async def _ask(
    sock: socket.socket, context: ssl.SSLContext, target: SplitUrl, peer: tuple[str, int]
) -> tuple[datetime, datetime] | None:
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, peer)
    _, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=target.host.removesuffix("."))
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    if der is None:
        return None
    certificate = x509.load_der_x509_certificate(der)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc
