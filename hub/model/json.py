"""JSON in and out, by pydantic-core: quick, integers of any size intact, NaN and Infinity refused."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

__all__ = ["dumps", "loads"]


def loads(data: bytes | str) -> Any:
    """The value of a JSON text (a repeated key: the last one counts).

    Raises:
        ValueError: It is no JSON, is nested too deeply, is not UTF-8, or holds NaN or Infinity.
    """
    return from_json(data, allow_inf_nan=False, cache_strings="keys")


def dumps(value: Any) -> bytes:
    """A JSON value as compact UTF-8; a float that is not finite becomes null (expressions refuse it before).

    Raises:
        ValueError: The value is no JSON value (pydantic's `PydanticSerializationError` is a ValueError).
    """
    return to_json(value, inf_nan_mode="null")
