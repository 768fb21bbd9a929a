"""Patterns of hosts that a vendor may call."""

from __future__ import annotations

import pytest

from hub.egress.address.hosts import check_vendor_host
from hub.egress.address.urls import split_url
from hub.errors import AddressRefused


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("https://api.example.com/x", "api.example.com"),
        ("https://API.example.com./x", "api.Example.com"),
        ("https://sns.eu-west-1.amazonaws.com/cert.pem", "sns.*.amazonaws.com"),
        ("https://a.okta.com:8443/", "*.okta.com"),
        ("https://[2606:4700::1111]/", "2606:4700::1111"),
        ("https://1.1.1.1/", "1.1.1.1"),
    ],
)
def test_a_host_that_fits_passes(url: str, pattern: str) -> None:
    check_vendor_host(split_url(url), ("other.example", pattern))


@pytest.mark.parametrize(
    ("url", "patterns"),
    [
        ("https://amazonaws.com/", ("sns.*.amazonaws.com",)),
        ("https://sns.amazonaws.com/", ("sns.*.amazonaws.com",)),
        ("https://sns.a.b.amazonaws.com/", ("sns.*.amazonaws.com",)),
        ("https://sns.x.amazonaws.com.evil.example/", ("sns.*.amazonaws.com",)),
        ("https://evil.example/sns.x.amazonaws.com", ("sns.*.amazonaws.com",)),
        ("https://apiXexample.com/", ("api.example.com",)),
        ("https://okta.com/", ("*.okta.com",)),
        ("https://a.b.okta.com/", ("*.okta.com",)),
        ("https://xokta.com/", ("*okta.com",)),
        ("https://1.1.1.1/", ("*.*.*.*",)),
        ("https://example.com/", ()),
    ],
)
def test_a_host_that_fits_nothing_is_refused(url: str, patterns: tuple[str, ...]) -> None:
    with pytest.raises(AddressRefused, match="is not among those that the plugin may call"):
        check_vendor_host(split_url(url), patterns)


def test_plain_http_is_refused_whatever_the_host() -> None:
    with pytest.raises(AddressRefused, match="https only"):
        check_vendor_host(split_url("http://api.example.com/"), ("api.example.com",))
