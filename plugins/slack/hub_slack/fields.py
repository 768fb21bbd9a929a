"""Fields of Slack's JSON: a field of an unexpected type counts as missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub import instant

__all__ = ["moment", "part", "text"]


def text(value: Mapping[str, Any], name: str) -> str | None:
    """A non-empty text, else None."""
    found = value.get(name)
    return found if isinstance(found, str) and found else None


def part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object, empty if there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def moment(value: Any) -> datetime | None:
    """The time that a number or text of seconds gives (`1774559132.117263`), else None."""
    try:
        return instant(value)
    except (TypeError, ValueError, OverflowError):
        return None
