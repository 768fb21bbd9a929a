"""The special address ranges that outgoing calls may not reach, and the rule for each.

Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates), RFC 5771 and RFC 4291 for
multicast, RFC 3879 for site-local, and the manuals of the clouds for their metadata addresses. Ranges that IANA calls
globally reachable but in which no receiver can be (AS112 sinks, AMT and 6to4 relays) are here as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

__all__ = ["METADATA", "Address", "Network", "SpecialRange", "range_of"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class SpecialRange:
    """One special range.

    Attributes:
        network: The addresses.
        rule: Why they are refused, as the end of the sentence "address A is …".
        opens: Whether an operator can allow them.
        exact: Whether only an entry for exactly this network allows them, and not a wider one.
    """

    network: Network
    rule: str
    opens: bool = True
    exact: bool = False


def _metadata(address: str, cloud: str) -> SpecialRange:
    return SpecialRange(ip_network(address), f"a metadata address ({cloud})", exact=True)


METADATA: Final = (
    _metadata("169.254.169.254", "AWS, Azure, Google Cloud, Oracle, DigitalOcean and others"),
    _metadata("169.254.169.253", "AWS name server"),
    _metadata("169.254.169.123", "AWS time service"),
    _metadata("169.254.170.2", "AWS container credentials"),
    _metadata("169.254.170.23", "AWS EKS pod identity"),
    _metadata("169.254.0.23", "Tencent Cloud"),
    _metadata("169.254.42.42", "Scaleway"),
    _metadata("100.100.100.200", "Alibaba Cloud"),
    _metadata("168.63.129.16", "Azure wire server"),
    _metadata("192.0.0.192", "Oracle Cloud"),
    _metadata("fd00:ec2::254", "AWS"),
    _metadata("fd00:ec2::253", "AWS name server"),
    _metadata("fd00:ec2::123", "AWS time service"),
    _metadata("fd00:ec2::23", "AWS EKS pod identity"),
    _metadata("fd20:ce::254", "Google Cloud"),
    _metadata("fd00:42::42", "Scaleway"),
    _metadata("fd00:c1::a9fe:a9fe", "Oracle Cloud"),
    _metadata("fe80::a9fe:a9fe", "OpenStack"),
)
"""Single addresses that give credentials to every caller. They take precedence over the ranges that contain them."""

_IPV4: Final = (
    ("0.0.0.0/8", "of this network", False),
    ("10.0.0.0/8", "private", True),
    ("100.64.0.0/10", "shared by a carrier's NAT", True),
    ("127.0.0.0/8", "loopback", True),
    ("169.254.0.0/16", "link-local", True),
    ("172.16.0.0/12", "private", True),
    ("192.0.0.0/24", "kept for IETF protocols", True),
    ("192.0.2.0/24", "for documentation", True),
    ("192.31.196.0/24", "a sink of AS112", True),
    ("192.52.193.0/24", "of a multicast relay", True),
    ("192.88.99.0/24", "of a 6to4 relay", True),
    ("192.168.0.0/16", "private", True),
    ("192.175.48.0/24", "a sink of AS112", True),
    ("198.18.0.0/15", "for benchmarks", True),
    ("198.51.100.0/24", "for documentation", True),
    ("203.0.113.0/24", "for documentation", True),
    ("224.0.0.0/4", "multicast", False),
    ("255.255.255.255/32", "broadcast", False),
    ("240.0.0.0/4", "reserved", True),
)

_IPV6: Final = (
    ("::/128", "unspecified", False),
    ("::1/128", "loopback", True),
    ("::/96", "an IPv4-compatible form", True),
    ("::ffff:0:0/96", "an IPv4-mapped form", True),
    ("::ffff:0:0:0/96", "an IPv4-translated form", True),
    ("64:ff9b:1::/48", "of a local NAT64", True),
    ("100::/64", "discarded", True),
    ("100:0:0:1::/64", "a dummy", True),
    ("2001::/32", "a Teredo form", True),
    ("2001:2::/48", "for benchmarks", True),
    ("2001:10::/28", "an ORCHID", True),
    ("2001:20::/28", "an ORCHID", True),
    ("2001:30::/28", "a drone's id", True),
    ("2001::/23", "kept for IETF protocols", True),
    ("2001:db8::/32", "for documentation", True),
    ("2002::/16", "a 6to4 form", True),
    ("2620:4f:8000::/48", "a sink of AS112", True),
    ("3fff::/20", "for documentation", True),
    ("5f00::/16", "a segment of SRv6", True),
    ("fc00::/7", "private", True),
    ("fe80::/10", "link-local", True),
    ("fec0::/10", "site-local", True),
    ("ff00::/8", "multicast", False),
)

_PUBLIC_IPV6: Final = (IPv6Network("2000::/3"), IPv6Network("64:ff9b::/96"))
"""Global unicast and the well-known NAT64 prefix. IANA has assigned nothing else to the public."""

_RANGES: Final[dict[int, tuple[SpecialRange, ...]]] = {
    4: tuple(SpecialRange(IPv4Network(network), rule, opens) for network, rule, opens in _IPV4),
    6: tuple(SpecialRange(IPv6Network(network), rule, opens) for network, rule, opens in _IPV6),
}
_BY_ADDRESS: Final = {single.network.network_address: single for single in METADATA}
_UNALLOCATED: Final = SpecialRange(IPv6Network("::/0"), "reserved")


def range_of(address: Address) -> SpecialRange | None:
    """The narrowest special range that contains an address; None for a public address.

    IPv4 addresses in an IPv6 address are not looked at; `hub.egress.address.embedded` finds them.
    """
    if (single := _BY_ADDRESS.get(address)) is not None:
        return single
    for special in _RANGES[address.version]:
        if address in special.network:
            return special
    if isinstance(address, IPv6Address) and not any(address in network for network in _PUBLIC_IPV6):
        return _UNALLOCATED
    return None
