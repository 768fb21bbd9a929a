"""What the active plugins and the core add together, by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import click

from hub.model.wire.event_type import EventType
from hub.plugins.hooks import HookName, Implementation
from hub.sdk.action import Action
from hub.sdk.dialect import Dialect
from hub.sdk.registry import Entry, EntryKind, Panel, Parser, SchemeEntry
from hub.sdk.vendor import Vendor

__all__ = ["Views"]


@dataclass(frozen=True, slots=True)
class Views:
    """A consistent picture, made anew whenever a plugin comes or goes.

    Attributes:
        owners: Name of the plugin that brings an entry, by its kind and key.
        types: All event types in order of plugin and catalog; by vendor in `types_of`.
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
    def of(cls, entries: Iterable[Entry], hooks: Iterable[Implementation]) -> Views:
        """Sort entries by kind and implementations by hook and order."""
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
