"""Which URLs may be called: absolute, as RFC 3986 writes them, and never repaired."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, NoReturn

from yarl import URL

from hub.egress.address.ports import BLOCKED_PORTS
from hub.egress.address.ranges import Address
from hub.errors import AddressRefused, Invalid, Problem

__all__ = ["MAX_URL", "SplitUrl", "split_url"]

MAX_URL: Final = 8_000
"""Longest URL that is called, characters."""

_URL: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)", re.ASCII)
_REST: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
                          r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?")  # fmt: skip
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>.*))?", re.DOTALL)
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


@dataclass(frozen=True, slots=True)
class SplitUrl:
    """A URL that may be called.

    Attributes:
        url: As given.
        scheme: `http` or `https`.
        host: In lower case, an IPv6 address without its brackets.
        port: The one given, else 80 or 443.
        address: The host, where it is an IP address.
        target: What is dialled and asked for: the same path and query, byte for byte.
    """

    url: str
    scheme: str
    host: str
    port: int
    address: Address | None
    target: URL


@lru_cache(maxsize=4096)
def split_url(url: str, pointer: str = "/url") -> SplitUrl:
    """Take a URL apart, or say what is wrong with it.

    http and https only; no userinfo, no fragment; a host whose last label is a number (decimal or hexadecimal, which
    resolvers read as an address) is a canonical dotted IPv4 address; IPv6 addresses stand in brackets, without a zone;
    names are ASCII (a name in another script in its `xn--` form); what RFC 3986 wants percent-encoded is so.

    Args:
        url: The text.
        pointer: JSON pointer to the field that it was given in, for the problem.

    Raises:
        Invalid: It is no such URL; the problem says where and how to mend it.
        AddressRefused: Its port is blocked.
    """
    match = _checked(url, pointer)
    scheme, rest = match["scheme"].lower(), match["rest"]
    host, address, port = _authority(match["authority"], pointer)
    port = port or (443 if scheme == "https" else 80)
    if service := BLOCKED_PORTS.get(port):
        raise AddressRefused(f"port {port} is blocked ({service})")
    shown = f"[{host}]" if ":" in host else host
    target = URL(f"{scheme}://{shown}:{port}{rest if rest.startswith('/') else '/' + rest}", encoded=True)
    return SplitUrl(url, scheme, host, port, address, target)


def _checked(url: str, pointer: str) -> re.Match[str]:
    """The URL's parts, all but the authority looked through."""
    if len(url) > MAX_URL:
        _refuse(pointer, f"a URL has at most {MAX_URL} characters, this one {len(url)}")
    match = _URL.match(url)
    if match is None:
        _refuse(pointer, "not an absolute URL: write https://host/path")
    if match["scheme"].lower() not in {"http", "https"}:
        _refuse(pointer, f"only http and https are called, not {match['scheme'].lower()}")
    if match.end() != len(url):
        _refuse(pointer, "a URL to call has no fragment: remove what begins at '#', or write '%23'")
    if _REST.fullmatch(match["rest"]) is None:
        _refuse(pointer, f"{_culprit(match['rest'])} must be percent-encoded in a URL")
    return match


def _culprit(rest: str) -> str:
    """The first character of path and query that may not stand there, quoted."""
    position, query = 0, False
    while position < len(rest):
        piece = _REST.match(("?" if query else "/") + rest[position:])
        if piece is not None and piece.end() > 1:
            position += piece.end() - 1
            query = query or "?" in piece.group()
            continue
        return ascii(rest[position])
    return "a character"


def _authority(text: str, pointer: str) -> tuple[str, Address | None, int | None]:
    """Host, the same as an address if it is one, and port if given."""
    if "@" in text:
        _refuse(pointer, "a URL to call holds no user name or password: use a header or a connection")
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        _refuse(pointer, "the host is malformed: an IPv6 address stands in brackets")
    port = None
    if match["port"] is not None:
        if _PORT.fullmatch(match["port"]) is None or int(match["port"]) > 65_535:
            _refuse(pointer, "the port is a number from 1 to 65535")
        port = int(match["port"])
    host = match["host"]
    if host.startswith("["):
        return *_ipv6(host[1:-1], pointer), port
    return *_name(host, pointer), port


def _ipv6(text: str, pointer: str) -> tuple[str, Address]:
    if "%" in text:
        _refuse(pointer, "an IPv6 address to call has no zone")
    try:
        address = IPv6Address(text)
    except AddressValueError:
        _refuse(pointer, "no IPv6 address stands in the brackets")
    return address.compressed, address


def _name(host: str, pointer: str) -> tuple[str, Address | None]:
    if not host:
        _refuse(pointer, "the host is missing: write https://host/path")
    if not host.isascii():
        _refuse(pointer, f"the host is not ASCII{_suggestion(host)}")
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return host, IPv4Address(host)
        except AddressValueError:
            _refuse(
                pointer, "a host that ends in a number is an IPv4 address of four decimal numbers, such as 192.0.2.1"
            )
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse(pointer, "the host is no name: labels of letters, digits, '-' and '_' joined by dots")
    return host.lower(), None


def _suggestion(host: str) -> str:
    try:
        return f": write {URL.build(scheme='http', host=host).raw_host}"
    except ValueError:
        return ""


def _refuse(pointer: str, message: str) -> NoReturn:
    raise Invalid("the URL cannot be called", (Problem(pointer, message),))
