"""IPv4 addresses read out of IPv6 addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from hub.egress.address.embedded import embedded_ipv4


@pytest.mark.parametrize(
    ("outer", "form", "inner"),
    [
        ("::ffff:127.0.0.1", "an IPv4-mapped form", "127.0.0.1"),
        ("::10.1.2.3", "an IPv4-compatible form", "10.1.2.3"),
        ("::ffff:0:10.1.2.3", "an IPv4-translated form", "10.1.2.3"),
        # the examples of RFC 6052, section 2.4, are all of 192.0.2.33; the well-known prefix is one of them
        ("64:ff9b::192.0.2.33", "a NAT64 form", "192.0.2.33"),
        ("64:ff9b:1:c000:2:2100::", "a local NAT64 form", "192.0.2.33"),
        ("64:ff9b:1:c0:0:221::", "a local NAT64 form", "192.0.2.33"),
        ("64:ff9b:1:0:c0:2:2100:0", "a local NAT64 form", "192.0.2.33"),
        ("64:ff9b:1::192.0.2.33", "a local NAT64 form", "192.0.2.33"),
        ("2002:a00:1::1", "a 6to4 form", "10.0.0.1"),
        # the example of RFC 4380: server 65.54.227.120, client 192.0.2.45
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "a Teredo form with the server", "65.54.227.120"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "a Teredo form", "192.0.2.45"),
        ("fe80::5efe:10.0.0.1", "an ISATAP form", "10.0.0.1"),
        ("2606:4700::200:5efe:10.0.0.1", "an ISATAP form", "10.0.0.1"),
        ("2606:4700::300:5efe:10.0.0.1", "an ISATAP form", "10.0.0.1"),
    ],
)
def test_each_form_is_read(outer: str, form: str, inner: str) -> None:
    assert (form, IPv4Address(inner)) in list(embedded_ipv4(IPv6Address(outer)))


@pytest.mark.parametrize("address", ["::", "::1", "2606:4700:4700::1111", "fd00::a00:1", "64:ff9b:2::a00:1"])
def test_other_addresses_embed_nothing(address: str) -> None:
    assert list(embedded_ipv4(IPv6Address(address))) == []


def test_a_local_nat64_address_of_padding_only_stands_for_an_address_that_is_refused() -> None:
    assert list(embedded_ipv4(IPv6Address("64:ff9b:1::"))) == [("a local NAT64 form", IPv4Address("0.0.0.0"))]


def test_an_address_of_two_forms_is_read_in_both() -> None:
    inner = {str(address) for _, address in embedded_ipv4(IPv6Address("2002:7f00:1::5efe:10.0.0.1"))}
    assert inner == {"127.0.0.1", "10.0.0.1"}
