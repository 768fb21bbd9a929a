"""The sender's address, believed from configured proxies only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from hub.model.wire.values import Values

__all__ = ["CLIENT_HEADERS", "Client", "ClientHeader", "Derived"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ClientHeader = Literal["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "forwarded"]
"""Headers in which a proxy tells the address that it was called from."""

CLIENT_HEADERS: tuple[ClientHeader, ...] = get_args(ClientHeader)

_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
"""One element of `Forwarded` (RFC 7239): a comma inside a quoted string does not end it."""
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^";\s]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Derived:
    """Who sent a request, and how that was found out.

    Attributes:
        address: The sender's address.
        trusted: Whether the socket's address is a trusted proxy; only then is a header believed.
        hops: The addresses that the header holds, the nearest last, as they stand there.
        believed: How many of them were believed, counted from the end.
    """

    address: str
    trusted: bool
    hops: tuple[str, ...]
    believed: int = 0


class Client:
    """Derives who sent a request.

    Args:
        trusted: Networks of the proxies that are believed; empty: the socket's address counts.
        header: Where those proxies say whom they speak for.
    """

    def __init__(self, trusted: Sequence[Network] = (), header: ClientHeader = "x-forwarded-for") -> None:
        self._trusted = tuple(trusted)
        self._header = header

    def address(self, peer: str, headers: Values[str]) -> str:
        """The nearest address that is not a trusted proxy."""
        return self.derive(peer, headers).address if self._trusted else peer

    def derive(self, peer: str, headers: Values[str]) -> Derived:
        """Read the header from its end: each trusted proxy is believed about the one before it.

        Args:
            peer: Address of the socket.
            headers: As they came.
        """
        hops = tuple(self._hops(headers))
        trusted = self._is_trusted(peer)
        if not trusted:
            return Derived(peer, trusted=False, hops=hops)
        believed = 0
        for hop in reversed(hops):
            address = _bare(hop)
            if address is None:
                break  # `unknown`, a hidden name or nonsense: nothing before it can be believed
            peer = address
            believed += 1
            if not self._is_trusted(address):
                break
        return Derived(peer, trusted=True, hops=hops, believed=believed)

    def _hops(self, headers: Values[str]) -> Iterator[str]:
        lines = headers.all(self._header)
        if self._header == "forwarded":
            yield from (hop for line in lines for hop in _forwarded(line))
        elif self._header == "x-forwarded-for":
            yield from (hop for line in lines for part in line.split(",") if (hop := part.strip()))
        elif lines and (hop := lines[-1].strip()):
            yield hop

    def _is_trusted(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address.version == one.version and address in one for one in self._trusted)


def _forwarded(line: str) -> Iterator[str]:
    """The `for` of each element; an element without one hides its sender."""
    for element in _ELEMENT.findall(line):
        if element.strip():
            found = _FOR.search(element)
            quoted, plain = found.groups() if found else (None, "unknown")
            yield re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain or "unknown"


def _bare(hop: str) -> str | None:
    """An address without port and brackets, None for anything else (`unknown`, a name, nonsense)."""
    if hop.startswith("["):
        hop, bracket, port = hop[1:].partition("]")
        if not bracket or (port and not _is_port(port)):
            return None
    elif hop.count(":") == 1:
        hop, _, port = hop.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None


def _is_port(text: str) -> bool:
    """`:443`; RFC 7239 allows a name such as `:_x` too."""
    return re.fullmatch(r":(?:[0-9]{1,5}|_[\w.-]+)", text, re.ASCII) is not None
