"""IPv4 addresses in IPv6 addresses: a gateway may deliver to the IPv4 address, so that it is checked as well."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final

__all__ = ["embedded_ipv4"]

_LOW: Final = (
    ("an IPv4-compatible form", IPv6Network("::/96")),
    ("an IPv4-mapped form", IPv6Network("::ffff:0:0/96")),
    ("an IPv4-translated form", IPv6Network("::ffff:0:0:0/96")),
    ("a NAT64 form", IPv6Network("64:ff9b::/96")),
)
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
_TEREDO: Final = IPv6Network("2001::/32")
_6TO4: Final = IPv6Network("2002::/16")
_ISATAP: Final = 0x0000_5EFE
_ISATAP_MASK: Final = 0xFCFF_FFFF


def embedded_ipv4(address: IPv6Address) -> Iterator[tuple[str, IPv4Address]]:
    """All IPv4 addresses that an IPv6 address may stand for, each with the name of the form.

    Forms: IPv4-compatible and IPv4-mapped (RFC 4291), IPv4-translated (SIIT, RFC 2765), NAT64 under 64:ff9b::/96
    (RFC 6052) and 64:ff9b:1::/48 (RFC 8215; the gateway's prefix length is unknown here, so all the layouts of RFC 6052
    from /48 on are read), 6to4 (RFC 3056), Teredo (RFC 4380: the server, and the client's inverted address), ISATAP
    (RFC 5214, in any prefix, with either state of the universal and group bits).
    """
    value = int(address)
    for form, network in _LOW:
        if address in network and value > 1:
            yield form, IPv4Address(value & 0xFFFF_FFFF)
    if address in _LOCAL_NAT64:
        for inner in _layouts(value):
            yield "a local NAT64 form", inner
    if address in _6TO4:
        yield "a 6to4 form", IPv4Address(value >> 80 & 0xFFFF_FFFF)
    if address in _TEREDO:
        yield "a Teredo form with the server", IPv4Address(value >> 64 & 0xFFFF_FFFF)
        yield "a Teredo form", IPv4Address(~value & 0xFFFF_FFFF)
    if value >> 32 & _ISATAP_MASK == _ISATAP:
        yield "an ISATAP form", IPv4Address(value & 0xFFFF_FFFF)


def _layouts(value: int) -> Iterator[IPv4Address]:
    """The readings of RFC 6052, section 2.2, for prefixes of 48, 56, 64 and 96 bits.

    Bits 64 to 71 are skipped. A reading in 0.0.0.0/8 is another layout's padding and no destination; where all are, the
    last one is kept, to be refused.
    """
    low = value & 0xFFFF_FFFF
    octets = value.to_bytes(16, "big")
    readings = (
        IPv4Address(octets[6:8] + octets[9:11]),
        IPv4Address(octets[7:8] + octets[9:12]),
        IPv4Address(octets[9:13]),
        IPv4Address(low),
    )
    kept = tuple(reading for reading in readings if int(reading) >> 24)
    yield from kept or readings[-1:]
