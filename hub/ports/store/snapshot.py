"""What is read on every request, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple

from hub.model.ids import Id
from hub.model.stored.access import KeyRecord, OrgRecord
from hub.model.stored.outbound import SubscriptionRecord
from hub.model.stored.source import SourceRecord
from hub.model.stored.workflow import WorkflowRecord, WorkflowVersion
from hub.model.wire.event_type import EventType

__all__ = ["Snapshot"]

T = TypeVar("T")
Key = TypeVarTuple("Key")


@dataclass(frozen=True)
class Snapshot:
    """An immutable picture of what people set up; a change makes a new one.

    Attributes:
        generation: Grows with every change, in every process alike.
        orgs: By id.
        sources: By id, shared ones and those of workflows, with their secrets.
        workflows: By id.
        published: The published version of each workflow that has one, by workflow.
        keys: By SHA-256 of the key.
        subscriptions: By id, with their secrets.
        event_types: The operators' own event types, by org.
        disabled_plugins: Names that an operator has switched off.
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
    _derived: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def derived(self, derive: Callable[[Snapshot, *Key], T], *key: *Key) -> T:
        """What `derive` computes from this snapshot and `key`: an index, a compiled definition, a parsed allowlist.

        The first call computes it and later ones answer the same object. Since a change makes a new snapshot, a value
        can never be older than what it was derived from. What `derive` raises is raised and not kept.

        Args:
            derive: A pure function that lives as long as the program, or a bound method of such an object: it is the
                name under which the value is kept.
            key: Hashable arguments of `derive`, such as the id of the source to look at.
        """
        name = (derive, *key)
        try:
            value: T = self._derived[name]
        except KeyError:
            value = self._derived[name] = derive(self, *key)
        return value

    def org_named(self, name: str) -> OrgRecord | None:
        """The org with that slug."""
        return next((org for org in self.orgs.values() if org.name == name), None)
