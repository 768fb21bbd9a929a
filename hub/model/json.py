"""JSON in and out, by pydantic-core: quick, integers of any size intact, NaN and Infinity refused."""

from __future__ import annotations

from math import isfinite
from typing import Any

from pydantic_core import from_json, to_json

__all__ = ["dumps", "loads"]

_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_HUGE = (b"0e000", b"0e+000", b"0" * 200)
"""What a number too large for a float has in its shape: an exponent of three digits, or very many digits."""


def loads(data: bytes | str) -> Any:
    """The value of a JSON text (a repeated key: the last one counts).

    Raises:
        ValueError: It is no JSON, is nested too deeply, is not UTF-8, holds NaN or Infinity, or a number with a
            fraction or exponent that is too large for a float, which would become one.
    """
    value = from_json(data, allow_inf_nan=False, cache_strings="keys")
    shape = (data if isinstance(data, bytes) else data.encode()).translate(_SHAPE)
    if any(part in shape for part in _HUGE):
        _check_finite(value)
    return value


def dumps(value: Any) -> bytes:
    """A JSON value as compact UTF-8; a float that is not finite becomes null (expressions refuse it before).

    Raises:
        ValueError: The value is no JSON value (pydantic's `PydanticSerializationError` is a ValueError).
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
