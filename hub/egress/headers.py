"""Which headers a caller may set on an outgoing call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from hub.errors import Invalid, Problem

__all__ = ["FRAMING", "Headers", "check_headers", "pairs"]

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

FRAMING: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say where a request ends and who it is for (RFC 9110, section 7); the client alone writes them."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Headers as pairs, in order."""
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def check_headers(headers: Headers, pointer: str = "/headers") -> list[tuple[str, str]]:
    """Headers that may be sent, as pairs.

    Args:
        headers: Names and values.
        pointer: JSON pointer to the field that they were given in.

    Raises:
        Invalid: A name is no token of RFC 9110 or is one that the client writes, or a value holds control characters.
    """
    listed = pairs(headers)
    for name, value in listed:
        if not _NAME.fullmatch(name):
            raise _refused(pointer, name, "is no name of a header")
        if name.lower() in FRAMING:
            raise _refused(pointer, name, "is written by the hub itself")
        if _CONTROL.search(value):
            raise _refused(pointer, name, "holds a control character")
    return listed


def _refused(pointer: str, name: str, message: str) -> Invalid:
    place = name.replace("~", "~0").replace("/", "~1")
    return Invalid("the headers cannot be sent", (Problem(f"{pointer}/{place}", f"{name!a} {message}"),))
