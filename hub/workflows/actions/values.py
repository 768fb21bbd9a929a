"""Types of settings that several actions have."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

__all__ = ["HeaderValue"]


def _number_as_text(value: object) -> object:
    """The digits of a number: an expression may give one for a header. Any other value is left to the validation."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


HeaderValue = Annotated[str, BeforeValidator(_number_as_text)]
"""Text, or a number."""
