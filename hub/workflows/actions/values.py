"""Kinds of values that several actions take."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

__all__ = ["HeaderValue"]


def _number_as_text(value: object) -> object:
    """An expression that is a number stands in a header as its digits; everything else is left to the check."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


HeaderValue = Annotated[str, BeforeValidator(_number_as_text)]
"""Text, or a number."""
