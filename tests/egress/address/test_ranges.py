"""The table of special ranges."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from hub.egress.address.ranges import METADATA, SpecialRange, range_of

IANA = {
    # IANA IPv4 Special-Purpose Address Registry, and multicast (RFC 5771)
    "0.0.0.0/8": "of this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a carrier's NAT",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "kept for IETF protocols",
    "192.0.2.0/24": "for documentation",
    "192.31.196.0/24": "a sink of AS112",
    "192.52.193.0/24": "of a multicast relay",
    "192.88.99.0/24": "of a 6to4 relay",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "a sink of AS112",
    "198.18.0.0/15": "for benchmarks",
    "198.51.100.0/24": "for documentation",
    "203.0.113.0/24": "for documentation",
    "224.0.0.0/4": "multicast",
    "255.255.255.255/32": "broadcast",
    # IANA IPv6 Special-Purpose Address Registry, multicast (RFC 4291), site-local (RFC 3879)
    "::1/128": "loopback",
    "::/128": "unspecified",
    "::ffff:0:0/96": "an IPv4-mapped form",
    "::ffff:0:0:0/96": "an IPv4-translated form",
    "64:ff9b:1::/48": "of a local NAT64",
    "100::/64": "discarded",
    "100:0:0:1::/64": "a dummy",
    "2001::/32": "a Teredo form",
    "2001:1::/32": "kept for IETF protocols",
    "2001:2::/48": "for benchmarks",
    "2001:3::/32": "kept for IETF protocols",
    "2001:4:112::/48": "kept for IETF protocols",
    "2001:10::/28": "an ORCHID",
    "2001:20::/28": "an ORCHID",
    "2001:30::/28": "a drone's id",
    "2001:db8::/32": "for documentation",
    "2002::/16": "a 6to4 form",
    "2620:4f:8000::/48": "a sink of AS112",
    "3fff::/20": "for documentation",
    "5f00::/16": "a segment of SRv6",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}


@pytest.mark.parametrize(("network", "rule"), IANA.items())
def test_both_ends_of_a_special_range_have_its_rule(network: str, rule: str) -> None:
    found = {range_of(ip_network(network)[0]), range_of(ip_network(network)[-1])}
    assert rule in {special.rule for special in found if special}
    assert None not in found


@pytest.mark.parametrize("network", IANA)
def test_the_neighbours_of_a_range_do_not_have_its_rule(network: str) -> None:
    special = ip_network(network)
    for neighbour in (int(special[0]) - 1, int(special[-1]) + 1):
        if 0 <= neighbour < 2**special.max_prefixlen:
            found = range_of(ip_address(neighbour) if special.version == 4 else type(special[0])(neighbour))
            assert found is None or found.network != special


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
     "192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2000::", "2606:4700:4700::1111", "2a00:1450::1",
     "3ffe::1", "64:ff9b::808:808"],
)  # fmt: skip
def test_public_addresses_lie_in_no_special_range(address: str) -> None:
    assert range_of(ip_address(address)) is None


@pytest.mark.parametrize("address", ["::2:0:0:0", "4000::1", "1000::", "200::1", "fe00::1", "8000::", "64:ff9b:2::1"])
def test_what_iana_has_not_given_out_is_reserved(address: str) -> None:
    found = range_of(ip_address(address))
    assert found is not None
    assert found.rule == "reserved"


@pytest.mark.parametrize("single", METADATA, ids=lambda single: str(single.network[0]))
def test_metadata_addresses_outrank_the_range_they_lie_in(single: SpecialRange) -> None:
    found = range_of(single.network[0])
    assert found is single
    assert "metadata" in single.rule


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd20:ce::254"]
)
def test_the_large_clouds_are_known(address: str) -> None:
    assert any(single.network[0] == ip_address(address) for single in METADATA)
