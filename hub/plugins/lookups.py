"""Look-ups of what the active plugins and the core add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from hub.errors import NotFound
from hub.model.wire.event_type import EventType
from hub.model.wire.secret import Credential
from hub.plugins.entries import EntriesSnapshot
from hub.sdk.action import Action
from hub.sdk.dialect import Dialect
from hub.sdk.registry import Panel, Parser
from hub.sdk.schemes.scheme import Scheme
from hub.sdk.vendor import Vendor

__all__ = ["PluginLookups"]


class PluginLookups:
    """Look-ups in the current entries, which `hub.plugins.host.Plugins` replaces when a plugin comes or goes."""

    _entries: EntriesSnapshot

    @property
    def vendors(self) -> Mapping[str, Vendor]:
        """Vendors of active plugins by name."""
        return self._entries.vendors

    def vendor(self, name: str) -> Vendor | None:
        """A vendor of an active plugin."""
        return self._entries.vendors.get(name)

    def plugin_of(self, vendor: str) -> str | None:
        """Name of the active plugin that a vendor is of."""
        return self._entries.owners.get(("vendor", vendor))

    @property
    def schemes(self) -> Mapping[str, Scheme]:
        """Schemes by name, the core's included."""
        return {name: entry.scheme for name, entry in self._entries.schemes.items()}

    def scheme(self, name: str) -> Scheme | None:
        """One scheme by name."""
        entry = self._entries.schemes.get(name)
        return entry.scheme if entry else None

    def scheme_credential(self, name: str) -> Credential:
        """Form of the secrets of a scheme. Raises `NotFound`."""
        entry = self._entries.schemes.get(name)
        if entry is None:
            raise NotFound(f"no scheme is named {name!r}")
        return entry.credential

    @property
    def actions(self) -> Mapping[str, Action]:
        """Actions by name, the core's included."""
        return self._entries.actions

    def event_types(self, vendor: str | None = None) -> tuple[EventType, ...]:
        """Declared event types: all, or those of one vendor."""
        return self._entries.types if vendor is None else self._entries.types_of.get(vendor, ())

    @property
    def parsers(self) -> Mapping[str, Parser]:
        """Parsers by media type."""
        return self._entries.parsers

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """Dialects, the core's first."""
        return self._entries.dialects

    @property
    def engines(self) -> Mapping[str, Callable[..., Any]]:
        """Engine factories by name."""
        return self._entries.engines

    @property
    def stores(self) -> Mapping[str, Callable[..., Any]]:
        """Store factories by scheme of the database URL."""
        return self._entries.stores

    @property
    def commands(self) -> Mapping[str, click.Command]:
        """Commands by name."""
        return self._entries.commands

    @property
    def panels(self) -> Mapping[str, Panel]:
        """Pages for operators by name."""
        return self._entries.panels
