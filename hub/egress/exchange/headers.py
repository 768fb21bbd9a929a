"""Which headers a caller may set on an outgoing call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from hub.errors import Invalid, Problem
from hub.model.pointers import pointer_of

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
"""Headers that say where a request ends and whom it is for (RFC 9110, section 7). Only the client sets them."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def pairs(headers: Headers) -> list[tuple[str, str]]:
    """Headers as pairs, in order."""
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def check_headers(headers: Headers, pointer: str = "/headers") -> list[tuple[str, str]]:
    """Check headers and return them as pairs.

    Args:
        headers: Names and values.
        pointer: JSON pointer to the field that they were given in.

    Raises:
        Invalid: A name is not a token of RFC 9110 or is set by the client, or a value contains control characters.
    """
    listed = pairs(headers)
    for name, value in listed:
        if (fault := _fault(name)) or (fault := _unsendable(value)):
            raise Invalid("the headers cannot be sent", (Problem(pointer + pointer_of(name), f"{name!a} {fault}"),))
    return listed


@lru_cache(maxsize=1024)
def _fault(name: str) -> str:
    """Why a header of this name cannot be sent; empty if it can."""
    if not _NAME.fullmatch(name):
        return "is not a valid header name"
    return "is set by the hub itself" if name.lower() in FRAMING else ""


def _unsendable(value: str) -> str:
    return "contains a control character" if not value.isprintable() and _CONTROL.search(value) else ""
