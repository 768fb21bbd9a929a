"""Which URLs may be called: absolute URLs according to RFC 3986. A malformed URL is refused and never repaired.

Two programs that repair a URL differently would see different hosts in it, and the guard would check another host than
the one that is dialled.
"""

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
"""Longest URL that is called, in characters."""

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
        target: The URL for the client, with exactly the path and query that were given.
    """

    url: str
    scheme: str
    host: str
    port: int
    address: Address | None
    target: URL


@lru_cache(maxsize=4096)
def split_url(url: str, pointer: str = "/url") -> SplitUrl:
    """Split a URL, or say what is wrong with it.

    Only http and https; no userinfo, no fragment. A host whose last label is a number (decimal or hexadecimal, which
    resolvers read as an address) must be a canonical dotted IPv4 address. IPv6 addresses are in brackets and have no
    zone. Names are ASCII; a name in another script is given in its `xn--` form. Everything that RFC 3986 wants
    percent-encoded must be.

    Args:
        url: The text.
        pointer: JSON pointer to the field that it was given in, for the problem.

    Raises:
        Invalid: It is not such a URL; the problem says where and how to fix it.
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
    """The parts of the URL, all of them checked except the authority."""
    if len(url) > MAX_URL:
        _refuse(pointer, f"a URL has at most {MAX_URL} characters, this one {len(url)}")
    match = _URL.match(url)
    if match is None:
        _refuse(pointer, "not an absolute URL: write https://host/path")
    if match["scheme"].lower() not in {"http", "https"}:
        _refuse(pointer, f"only http and https are called, not {match['scheme'].lower()}")
    if match.end() != len(url):
        _refuse(pointer, "the URL must not have a fragment: remove what begins at '#', or write '%23'")
    if _REST.fullmatch(match["rest"]) is None:
        _refuse(pointer, f"{_culprit(match['rest'])} must be percent-encoded in a URL")
    return match


def _culprit(rest: str) -> str:
    """The first character of path and query that is not allowed there, quoted."""
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
    """The host, the host as an address if it is one, and the port if there is one."""
    if "@" in text:
        _refuse(pointer, "the URL must not contain a user name or password: use a header or a connection")
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        _refuse(pointer, "the host is malformed: write an IPv6 address in brackets")
    port = None
    if match["port"] is not None:
        if _PORT.fullmatch(match["port"]) is None or int(match["port"]) > 65_535:
            _refuse(pointer, "the port must be a number from 1 to 65535")
        port = int(match["port"])
    host = match["host"]
    if host.startswith("["):
        return *_ipv6(host[1:-1], pointer), port
    return *_name(host, pointer), port


def _ipv6(text: str, pointer: str) -> tuple[str, Address]:
    if "%" in text:
        _refuse(pointer, "an IPv6 address must not have a zone")
    try:
        address = IPv6Address(text)
    except AddressValueError:
        _refuse(pointer, "what is in the brackets is not an IPv6 address")
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
                pointer,
                "a host that ends in a number must be an IPv4 address of four decimal numbers, such as 192.0.2.1",
            )
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        _refuse(pointer, "the host is not a name: labels of letters, digits, '-' and '_', joined by dots")
    return host.lower(), None


def _suggestion(host: str) -> str:
    try:
        return f": write {URL.build(scheme='http', host=host).raw_host}"
    except ValueError:
        return ""


def _refuse(pointer: str, message: str) -> NoReturn:
    raise Invalid("the URL cannot be called", (Problem(pointer, message),))
