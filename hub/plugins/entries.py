"""The entries of the active plugins and of the core, by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import click

from hub.model.wire.event_type import EventType
from hub.model.wire.secret import Credential
from hub.plugins.hooks import HookName, Implementation
from hub.sdk.action import Action
from hub.sdk.dialect import Dialect
from hub.sdk.registry import Entry, EntryKind, Panel, Parser, SchemeEntry
from hub.sdk.schemes.standard import CORE_CREDENTIALS, CORE_SCHEMES
from hub.sdk.vendor import Vendor

__all__ = ["CORE_OWNER", "EntriesSnapshot", "core_entries"]

CORE_OWNER = "the core"
"""Owner of the entries that need no plugin."""


@dataclass(frozen=True, slots=True)
class EntriesSnapshot:
    """An immutable picture of all entries and hooks; a new one is made whenever a plugin comes or goes.

    Attributes:
        owners: Name of the plugin that an entry is of, by kind and key.
        types: All event types, in order of plugin and catalog.
        types_of: The same by vendor.
        hooks: Implementations by hook, in the order in which they are called.
    """

    vendors: Mapping[str, Vendor]
    owners: Mapping[tuple[EntryKind, str], str]
    schemes: Mapping[str, SchemeEntry]
    actions: Mapping[str, Action]
    parsers: Mapping[str, Parser]
    dialects: tuple[Dialect, ...]
    engines: Mapping[str, Any]
    stores: Mapping[str, Any]
    commands: Mapping[str, click.Command]
    panels: Mapping[str, Panel]
    types: tuple[EventType, ...]
    types_of: Mapping[str, tuple[EventType, ...]]
    hooks: Mapping[HookName, tuple[Implementation, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry], hooks: Iterable[Implementation]) -> EntriesSnapshot:
        """Sort entries by kind, and implementations by hook and order."""
        kinds: dict[EntryKind, dict[str, Any]] = {}
        owners: dict[tuple[EntryKind, str], str] = {}
        types_of: dict[str, list[EventType]] = {}
        for entry in entries:
            kinds.setdefault(entry.kind, {})[entry.key] = entry.value
            owners[entry.kind, entry.key] = entry.plugin
            if entry.kind == "event_type":
                types_of.setdefault(entry.value.vendor, []).append(entry.value)
        implementing: dict[HookName, list[Implementation]] = {}
        for one in sorted(hooks, key=lambda one: one.order):
            implementing.setdefault(one.hook, []).append(one)

        def named(kind: EntryKind) -> Mapping[str, Any]:
            return MappingProxyType(kinds.get(kind, {}))

        return cls(
            vendors=named("vendor"),
            owners=owners,
            schemes=named("scheme"),
            actions=named("action"),
            parsers=named("parser"),
            dialects=tuple(named("dialect").values()),
            engines=named("engine"),
            stores=named("store"),
            commands=named("command"),
            panels=named("panel"),
            types=tuple(named("event_type").values()),
            types_of={vendor: tuple(types) for vendor, types in types_of.items()},
            hooks={hook: tuple(found) for hook, found in implementing.items()},
        )


def core_entries(dialects: Iterable[Dialect], actions: Iterable[Action]) -> tuple[Entry, ...]:
    """The core's schemes, and the given dialects and actions."""
    return (
        *(
            Entry("scheme", name, SchemeEntry(scheme, CORE_CREDENTIALS.get(name, Credential())), CORE_OWNER)
            for name, scheme in CORE_SCHEMES.items()
        ),
        *(Entry("dialect", dialect.name, dialect, CORE_OWNER) for dialect in dialects),
        *(Entry("action", action.name, action, CORE_OWNER) for action in actions),
    )
