"""Reading and writing JSON with pydantic-core: fast, with integers of any size, without NaN and Infinity."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from pydantic_core import from_json, to_json

__all__ = ["dumps", "loads"]

_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_HUGE = (b"0e000", b"0e+000", b"0" * 200)
"""A number too large for a float has one of these in its shape: an exponent of three digits, or very many digits."""


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
"""One escape of a JSON text, or a pair of surrogates; whatever follows a backslash belongs to it."""


def loads(data: bytes | str) -> Any:
    """The value of a JSON text. Where a key is repeated, the last one counts.

    An escaped half of a surrogate pair, which senders make that cut texts, is read as U+FFFD.

    Raises:
        ValueError: The text is not JSON, not UTF-8 or nested too deeply, or it holds NaN, Infinity, or a number with a
            fraction or exponent that is too large for a float.
    """
    try:
        value = from_json(data, allow_inf_nan=False, cache_strings="keys")
    except ValueError:
        text = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        mended = _ESCAPE.sub(_whole_pairs, text) if _SURROGATE.search(text) else text
        if mended == text:
            raise
        value = from_json(mended, allow_inf_nan=False, cache_strings="keys")
    # Walking through the value is slow, so it is done only where a number may have overflowed to infinity.
    shape = (data if isinstance(data, bytes) else data.encode()).translate(_SHAPE)
    if any(part in shape for part in _HUGE):
        _check_finite(value)
    return value


def _whole_pairs(match: re.Match[bytes]) -> bytes:
    """The escape as it stands; the replacement character for half a pair."""
    return rb"\ufffd" if match["half"] else match[0]


def dumps(value: Any) -> bytes:
    """A JSON value as compact UTF-8. A float that is not finite becomes null; expressions refuse those earlier.

    Raises:
        ValueError: The value is not a JSON value (pydantic's `PydanticSerializationError` is a ValueError).
    """
    return to_json(value, inf_nan_mode="null")


def _check_finite(value: Any) -> None:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, float):
            if not isfinite(one):
                raise ValueError("a number is too large")
        elif isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
