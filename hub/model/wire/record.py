"""One change of state, as `hub_observe` sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["Record", "RecordKind"]

RecordKind = Literal["request", "event", "execution", "node", "message", "delivery", "attempt", "plugin"]
"""What changed; see `Record`."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """What happened to one thing of the hub; it holds no secret and no payload.

    Attributes:
        kind: What changed. `request`: kept, whatever became of it (those of unknown sources are not). `event`: kept,
            no duplicate. `execution`: queued, running, waiting or finished. `node`: its entry in the journal, or that
            of one of its items. `message`: kept. `attempt`: made. `delivery`: what its attempt left it as. `plugin`:
            active, disabled or broken. What operators set up (sources, workflows, subscriptions, keys) is the audit
            log's.
        id: Its id in text form (`exec_…`); of a node `exec_…/node` or `exec_…/node/item`, of an attempt that of its
            delivery, of a plugin its name.
        org: The org that owns it, by name; empty for a plugin.
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
