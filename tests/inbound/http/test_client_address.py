"""Who sent a request, behind any number of proxies."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.inbound.http.client_address import CLIENT_HEADERS, Client, ClientHeader
from hub.model.wire.values import Values

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


def forwarded(*lines: str) -> Values[str]:
    return Values([("x-forwarded-for", line) for line in lines], caseless=True)


@pytest.mark.parametrize(
    ("peer", "lines", "address"),
    [
        ("203.0.113.1", ("198.51.100.1",), "203.0.113.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1", "198.51.100.1, 10.0.0.2"), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1:1234",), "198.51.100.1"),
        ("fd00::1", ("[2001:db8::1]:443",), "2001:db8::1"),
        ("::ffff:10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1, nonsense",), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1, nonsense, 10.0.0.2",), "10.0.0.2"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1,",), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1, ,", ""), "198.51.100.1"),
        ("10.0.0.1", (",198.51.100.1 ,, 10.0.0.2,",), "198.51.100.1"),
        ("10.0.0.1", ("198.51.100.1:port",), "10.0.0.1"),
        ("10.0.0.1", ("[2001:db8::1",), "10.0.0.1"),
        ("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "10.0.0.3"),
        ("not an address", ("198.51.100.1",), "not an address"),
    ],
)
def test_the_nearest_untrusted_address_counts(peer: str, lines: tuple[str, ...], address: str) -> None:
    assert Client(TRUSTED).address(peer, forwarded(*lines)) == address


@given(st.text(max_size=60))
def test_without_trusted_proxies_nothing_a_sender_writes_counts(line: str) -> None:
    assert Client().address("203.0.113.1", forwarded(line)) == "203.0.113.1"


@given(st.lists(st.ip_addresses().map(str), max_size=5))
def test_a_spoofed_beginning_never_counts(spoofed: list[str]) -> None:
    lines = forwarded(", ".join([*spoofed, "198.51.100.7"]))
    assert Client(TRUSTED).address("10.0.0.1", lines) == "198.51.100.7"


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (("for=198.51.100.1",), "198.51.100.1"),
        (("For=198.51.100.1;proto=https;by=10.0.0.9",), "198.51.100.1"),
        (("proto=https; for = 198.51.100.1",), "198.51.100.1"),
        (('for="[2001:db8:cafe::17]:4711"',), "2001:db8:cafe::17"),
        (('for="[2001:db8:cafe::17]"',), "2001:db8:cafe::17"),
        (('for="198.51.100.1:80"',), "198.51.100.1"),
        (('for="198.51.100.1:_port"',), "198.51.100.1"),
        (("for=1.1.1.1, for=198.51.100.1",), "198.51.100.1"),
        (("for=198.51.100.1, for=10.0.0.2",), "198.51.100.1"),
        (("for=198.51.100.1", "for=10.0.0.2"), "198.51.100.1"),
        (("for=198.51.100.1,,",), "198.51.100.1"),
        (('for="1.1.1.1,for=2.2.2.2", for=198.51.100.1',), "198.51.100.1"),
        (('for=198.51.100.1;host="a,b"',), "198.51.100.1"),
        (("for=198.51.100.1, for=unknown",), "10.0.0.1"),
        (("for=198.51.100.1, for=_hidden",), "10.0.0.1"),
        (("for=198.51.100.1, proto=https",), "10.0.0.1"),
        (("before=1.1.1.1",), "10.0.0.1"),
        ((), "10.0.0.1"),
    ],
)
def test_forwarded_is_read_as_rfc_7239_says(lines: tuple[str, ...], address: str) -> None:
    headers = Values([("forwarded", line) for line in lines], caseless=True)
    assert Client(TRUSTED, "forwarded").address("10.0.0.1", headers) == address


@pytest.mark.parametrize("header", ["x-real-ip", "cf-connecting-ip"])
@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (("198.51.100.1",), "198.51.100.1"),
        ((" 2001:db8::1 ",), "2001:db8::1"),
        (("1.1.1.1", "198.51.100.1"), "198.51.100.1"),
        (("198.51.100.1, 1.1.1.1",), "10.0.0.1"),
        (("nonsense",), "10.0.0.1"),
        (("",), "10.0.0.1"),
    ],
)
def test_a_header_with_one_address(header: ClientHeader, lines: tuple[str, ...], address: str) -> None:
    headers = Values([*((header, line) for line in lines), ("x-forwarded-for", "9.9.9.9")], caseless=True)
    assert Client(TRUSTED, header).address("10.0.0.1", headers) == address
    assert Client(TRUSTED, header).address("203.0.113.1", headers) == "203.0.113.1"


@given(st.text(max_size=80), st.sampled_from(CLIENT_HEADERS))
def test_whatever_stands_in_the_header_the_sender_is_an_address(line: str, header: ClientHeader) -> None:
    found = Client(TRUSTED, header).address("10.0.0.1", Values([(header, line)], caseless=True))
    assert str(ipaddress.ip_address(found)) == found
