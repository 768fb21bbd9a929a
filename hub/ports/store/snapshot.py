"""What is read on every request, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.model.ids import Id
from hub.model.stored.access import KeyRecord, OrgRecord
from hub.model.stored.outbound import EventType, SubscriptionRecord
from hub.model.stored.source import SourceRecord
from hub.model.stored.workflow import WorkflowRecord, WorkflowVersion

__all__ = ["Snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """An immutable picture; a change makes a new one.

    Attributes:
        published: Published version of each workflow that has one.
        keys: By SHA-256 of the key.
        event_types: The operators' own event types, by org.
        disabled_plugins: Names that an operator has switched off.
        cache: Scratch space for what others derive from this very snapshot (compiled definitions, parsed
            networks), gone with it.
    """

    generation: int = 0
    orgs: Mapping[Id, OrgRecord] = field(default_factory=dict)
    sources: Mapping[Id, SourceRecord] = field(default_factory=dict)
    workflows: Mapping[Id, WorkflowRecord] = field(default_factory=dict)
    published: Mapping[Id, WorkflowVersion] = field(default_factory=dict)
    keys: Mapping[bytes, KeyRecord] = field(default_factory=dict)
    subscriptions: Mapping[Id, SubscriptionRecord] = field(default_factory=dict)
    event_types: Mapping[Id, tuple[EventType, ...]] = field(default_factory=dict)
    disabled_plugins: frozenset[str] = frozenset()
    cache: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def org_named(self, name: str) -> OrgRecord | None:
        """The org with that slug."""
        return next((org for org in self.orgs.values() if org.name == name), None)
