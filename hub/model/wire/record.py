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
    """One change of state. It holds no secret and no payload.

    Attributes:
        kind: What changed. `request`: one was kept, in whatever state (requests to unknown sources are not kept).
            `event`: one was kept that is not a duplicate. `execution`: it is queued, running, waiting or finished.
            `node`: its journal entry, or that of one of its items. `message`: one was kept. `attempt`: one was made.
            `delivery`: its state after an attempt. `plugin`: it is active, disabled or broken. Changes that operators
            make (to sources, workflows, subscriptions, keys) are in the audit log instead.
        id: The id as text (`exec_…`). A node has `exec_…/node` or `exec_…/node/item`, an attempt the id of its
            delivery, a plugin its name.
        org: Name of the org that owns it; empty for a plugin.
        state: The new state, as the HTTP API writes it.
        at: When it changed, with its time zone.
        reason: Why, where there is a reason to give.
        detail: Further facts, depending on the kind, such as `source`, `workflow`, `vendor`, `type`, `status`.
    """

    kind: RecordKind
    id: str
    org: str
    state: str
    at: datetime
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
