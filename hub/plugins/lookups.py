"""What the active plugins and the core offer, for callers to look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from hub.errors import NotFound
from hub.model.wire.event_type import EventType
from hub.model.wire.secret import Credential
from hub.plugins.entries import Views
from hub.sdk.action import Action
from hub.sdk.dialect import Dialect
from hub.sdk.registry import Panel, Parser
from hub.sdk.schemes.scheme import Scheme
from hub.sdk.vendor import Vendor

__all__ = ["Offers"]


class Offers:
    """Look-ups in the current picture; `hub.plugins.host.Plugins` makes it anew when a plugin comes or goes."""

    _views: Views

    @property
    def vendors(self) -> Mapping[str, Vendor]:
        """Vendors of active plugins by name."""
        return self._views.vendors

    def vendor(self, name: str) -> Vendor | None:
        """A vendor of an active plugin."""
        return self._views.vendors.get(name)

    def plugin_of(self, vendor: str) -> str | None:
        """Name of the active plugin that brings a vendor."""
        return self._views.owners.get(("vendor", vendor))

    @property
    def schemes(self) -> Mapping[str, Scheme]:
        """Schemes by name, the core's included."""
        return {name: entry.scheme for name, entry in self._views.schemes.items()}

    def scheme(self, name: str) -> Scheme | None:
        """One scheme by name."""
        entry = self._views.schemes.get(name)
        return entry.scheme if entry else None

    def scheme_credential(self, name: str) -> Credential:
        """Form of the secrets of a scheme. Raises `NotFound`."""
        entry = self._views.schemes.get(name)
        if entry is None:
            raise NotFound(f"no scheme is named {name!r}")
        return entry.credential

    @property
    def actions(self) -> Mapping[str, Action]:
        """Actions by name, the core's included."""
        return self._views.actions

    def event_types(self, vendor: str | None = None) -> tuple[EventType, ...]:
        """Declared event types: all, or those of one vendor."""
        return self._views.types if vendor is None else self._views.types_of.get(vendor, ())

    @property
    def parsers(self) -> Mapping[str, Parser]:
        """Parsers by media type."""
        return self._views.parsers

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """Dialects, the core's first."""
        return self._views.dialects

    @property
    def engines(self) -> Mapping[str, Callable[..., Any]]:
        """Engine factories by name."""
        return self._views.engines

    @property
    def stores(self) -> Mapping[str, Callable[..., Any]]:
        """Store factories by scheme of the database URL."""
        return self._views.stores

    @property
    def commands(self) -> Mapping[str, click.Command]:
        """Commands by name."""
        return self._views.commands

    @property
    def panels(self) -> Mapping[str, Panel]:
        """Pages for operators by name."""
        return self._views.panels
