"""One change of state, as `hub_observe` sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["Record", "RecordKind"]

RecordKind = Literal["request", "event", "execution", "node", "message", "delivery", "attempt", "source", "plugin"]
"""What changed."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """What happened to one thing of the hub; it holds no secret and no payload.

    Attributes:
        kind: What changed.
        id: Its id in text form (`exec_…`).
        org: The org that owns it, by name.
        state: The state that it is in now, as the HTTP API writes it.
        at: When, with its time zone.
        reason: Why, where there is something to say.
        detail: Further facts by kind, such as `source`, `workflow`, `vendor`, `type`, `status`.
    """

    kind: RecordKind
    id: str
    org: str
    state: str
    at: datetime
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
