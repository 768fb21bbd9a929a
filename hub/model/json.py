"""Reading and writing JSON with pydantic-core: fast, with integers of any size, without NaN and Infinity."""

from __future__ import annotations

from math import isfinite
from typing import Any

from pydantic_core import from_json, to_json

__all__ = ["dumps", "loads"]

_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_HUGE = (b"0e000", b"0e+000", b"0" * 200)
"""A number too large for a float has one of these in its shape: an exponent of three digits, or very many digits."""


def loads(data: bytes | str) -> Any:
    """The value of a JSON text. Where a key is repeated, the last one counts.

    Raises:
        ValueError: The text is not JSON, not UTF-8 or nested too deeply, or it holds NaN, Infinity, or a number with a
            fraction or exponent that is too large for a float.
    """
    value = from_json(data, allow_inf_nan=False, cache_strings="keys")
    # Walking through the value is slow, so it is done only where a number may have overflowed to infinity.
    shape = (data if isinstance(data, bytes) else data.encode()).translate(_SHAPE)
    if any(part in shape for part in _HUGE):
        _check_finite(value)
    return value


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
