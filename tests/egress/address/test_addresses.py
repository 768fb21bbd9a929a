"""The verdict on an address, alone and with an operator's allowed networks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.egress.address.addresses import judge_address
from hub.egress.address.ranges import range_of

FORBIDDEN = [
    IPv4Network("0.0.0.0/8"),
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.0.2.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("240.0.0.0/4"),
    IPv4Network("168.63.129.16/32"),
]
forbidden_ipv4 = st.sampled_from(FORBIDDEN).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
)
public_ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address).filter(lambda address: range_of(address) is None)
low64 = st.integers(0, 2**64 - 1)


def forms(inner: IPv4Address, noise: int) -> list[IPv6Address]:
    """Every IPv6 form of an IPv4 address; what a form leaves open is filled from `noise`."""
    value = int(inner)
    high, low = value >> 16, value & 0xFFFF
    local = int(IPv6Address("64:ff9b:1::"))
    numbers = [
        value,
        0xFFFF << 32 | value,
        0xFFFF << 48 | value,
        int(IPv6Address("64:ff9b::")) | value,
        local | high << 64 | low << 40 | noise & 0xFF_FFFF_FFFF,
        local | (noise & 0xFF) << 72 | value >> 24 << 64 | (value & 0xFF_FFFF) << 32 | noise & 0xFFFF_FFFF,
        local | (noise & 0xFFFF) << 64 | value << 24 | noise & 0xFF_FFFF,
        local | (noise & 0xFFFF_FFFF) << 32 | value,
        0x2002 << 112 | value << 80 | noise,
        0x2001_0000 << 96 | value << 64 | noise,
        0x2001_0000 << 96 | noise << 32 & (2**64 - 1) << 32 | ~value & 0xFFFF_FFFF,
        0x2606_4700 << 96 | 0x0000_5EFE << 32 | value,
        0x2606_4700 << 96 | 0x0200_5EFE << 32 | value,
    ]
    return [IPv6Address(number) for number in numbers]


@given(forbidden_ipv4)
def test_every_forbidden_ipv4_address_is_refused(address: IPv4Address) -> None:
    assert not judge_address(address).allowed


@given(forbidden_ipv4, low64)
def test_every_form_of_every_forbidden_ipv4_address_is_refused(inner: IPv4Address, noise: int) -> None:
    assert [form for form in forms(inner, noise) if judge_address(form).allowed] == []


@given(forbidden_ipv4, low64)
def test_an_ipv4_network_never_opens_a_form(inner: IPv4Address, noise: int) -> None:
    allow = (ip_network("0.0.0.0/0"), ip_network(f"{inner}/32"))
    assert [form for form in forms(inner, noise) if judge_address(form, allow).allowed] == []


@given(forbidden_ipv4, low64)
def test_an_ipv6_network_never_opens_the_ipv4_address_inside(inner: IPv4Address, noise: int) -> None:
    assume(int(inner) >> 24)  # within a local NAT64, 0.0.0.0/8 is taken for the padding of another layout
    assert [form for form in forms(inner, noise) if judge_address(form, (ip_network("::/0"),)).allowed] == []


@given(public_ipv4)
def test_a_public_ipv4_address_passes_plain_and_through_the_public_nat64(address: IPv4Address) -> None:
    assert judge_address(address).allowed
    assert judge_address(IPv6Address(int(IPv6Address("64:ff9b::")) | int(address))).allowed


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_whatever_passes_is_global_unicast_or_the_public_nat64(address: IPv6Address) -> None:
    if judge_address(address).allowed:
        assert address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96")


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@settings(max_examples=1000)
def test_whatever_others_know_as_special_is_refused(address: IPv4Address | IPv6Address) -> None:
    """Hypothesis draws from the special ranges of IANA's registries; Python's own table is the judge_address."""
    if not address.is_global or address.is_multicast or address.is_unspecified or address.is_loopback:
        assert not judge_address(address).allowed


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.lists(st.sampled_from(FORBIDDEN)))
def test_an_allowed_network_changes_nothing_for_addresses_outside_it(
    address: IPv4Address | IPv6Address, allow: list[IPv4Network]
) -> None:
    if not any(address in network for network in allow):
        assert judge_address(address, allow).allowed == judge_address(address).allowed


@pytest.mark.parametrize(
    ("address", "allow"),
    [
        ("10.0.0.5", "10.0.0.0/8"),
        ("127.0.0.1", "127.0.0.0/8"),
        ("fd12::1", "fc00::/7"),
        ("::1", "::1/128"),
        ("169.254.7.7", "169.254.0.0/16"),
        ("169.254.169.254", "169.254.169.254/32"),
        ("::ffff:8.8.8.8", "::ffff:0:0/96"),
        ("::ffff:10.0.0.5", "::ffff:0:0/96 10.0.0.0/8"),
        ("64:ff9b:1::8.8.8.8", "64:ff9b:1::/96"),
        ("64:ff9b::10.0.0.5", "64:ff9b::/96 10.0.0.0/8"),
    ],
)
def test_an_operator_opens_what_is_written_down(address: str, allow: str) -> None:
    assert not judge_address(address).allowed
    verdict = judge_address(address, [ip_network(text) for text in allow.split()])
    assert verdict.allowed
    assert verdict.remedy == ""


@pytest.mark.parametrize(
    ("address", "allow"),
    [
        ("::ffff:169.254.169.254", "127.0.0.0/8"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("::ffff:10.0.0.5", "::ffff:0:0/96"),
        ("::127.0.0.1", "::1/128 127.0.0.0/8"),
        ("169.254.169.254", "169.254.0.0/16"),
        ("169.254.169.254", "0.0.0.0/0"),
        ("fd00:ec2::254", "fc00::/7"),
        ("100.100.100.200", "100.64.0.0/10"),
        ("64:ff9b::169.254.169.254", "64:ff9b::/96 0.0.0.0/0"),
        ("0.0.0.0", "0.0.0.0/0"),
        ("::", "::/0"),
        ("224.0.0.1", "0.0.0.0/0"),
        ("255.255.255.255", "0.0.0.0/0"),
        ("ff02::1", "::/0"),
        ("10.0.0.5", "10.0.1.0/24 fc00::/7"),
    ],
)
def test_an_operator_opens_nothing_else(address: str, allow: str) -> None:
    assert not judge_address(address, [ip_network(text) for text in allow.split()]).allowed


@pytest.mark.parametrize("address", ["fe80::1%eth0", "fe80::1%25", "::1%lo", "fd00::1%2"])
def test_a_scope_id_changes_nothing(address: str) -> None:
    assert judge_address(address) == judge_address(address.partition("%")[0])
    assert not judge_address(address).allowed
    assert judge_address(IPv6Address(address)) == judge_address(address)


def test_the_rule_of_a_form_names_the_address_inside() -> None:
    assert judge_address("::ffff:10.0.0.5").rule == "an IPv4-mapped form of 10.0.0.5, which is private"


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0177.0.0.1", "0x7f000001", "2130706433", "1.2.3.4.5"])
def test_a_text_that_is_no_address_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        judge_address(text)
