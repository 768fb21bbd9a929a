"""Who sent a request, behind any number of proxies."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.inbound.http.client_address import Client
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
