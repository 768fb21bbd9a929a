"""Fields of Slack's JSON, read with care: a field of another type than Slack's counts as missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub import instant

__all__ = ["moment", "part", "text"]


def text(value: Mapping[str, Any], name: str) -> str | None:
    """A text that is not empty, else None."""
    found = value.get(name)
    return found if isinstance(found, str) and found else None


def part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object, empty if there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def moment(value: Any) -> datetime | None:
    """A moment from seconds as a number or text (`1774559132.117263`), None if it is no such thing."""
    try:
        return instant(value)
    except (TypeError, ValueError, OverflowError):
        return None
