"""The sender's address, believed from configured proxies only."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from hub.model.wire.values import Values

__all__ = ["Client"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Client:
    """Derives who sent a request.

    Args:
        trusted: Networks of proxies whose X-Forwarded-For is believed; empty: the socket's address counts.
    """

    def __init__(self, trusted: Sequence[Network] = ()) -> None:
        self._trusted = tuple(trusted)

    def address(self, peer: str, headers: Values[str]) -> str:
        """The nearest address that is no trusted proxy, reading X-Forwarded-For from its end."""
        if not self._trusted or not self._is_trusted(peer):
            return peer
        hops = [hop.strip() for line in headers.all("x-forwarded-for") for hop in line.split(",")]
        for hop in reversed(hops):
            address = _bare(hop)
            if address is None:
                break
            peer = address
            if not self._is_trusted(address):
                break
        return peer

    def _is_trusted(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address.version == one.version and address in one for one in self._trusted)


def _bare(hop: str) -> str | None:
    """An address without port and brackets, None for anything else (`unknown`, a name, nonsense)."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None
