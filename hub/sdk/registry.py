"""The registry: typed calls by which plugins add entries. Staged, attributable, reversible."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import click

from hub.errors import PluginError
from hub.model.wire.event_type import EventType
from hub.model.wire.secret import Credential
from hub.sdk.action import Action
from hub.sdk.catalog import Catalog
from hub.sdk.dialect import Dialect
from hub.sdk.schemes.scheme import Scheme
from hub.sdk.vendor import NAME, Vendor
from hub.settings import EMBEDDED

__all__ = ["Entry", "EntryKind", "Panel", "Parser", "Registry", "SchemeEntry", "adds"]

EntryKind = Literal[
    "vendor", "scheme", "action", "parser", "event_type", "dialect", "engine", "store", "command", "panel"
]
"""What can be registered."""

Parser = Callable[[bytes], Any]
"""Body -> JSON value; raises ValueError for a body that it cannot read."""

_MEDIA_TYPE = re.compile(r"[!#$&^_.+\-\w]+/[!#$&^_.+\-\w]+", re.ASCII)
_CORE_MEDIA_TYPES = frozenset(
    {
        "application/json",
        "application/jsonl",
        "application/jsonlines",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a plugin adds; its key is unique within the kind, over all plugins."""

    kind: EntryKind
    key: str
    value: Any
    plugin: str


@dataclass(frozen=True, slots=True)
class SchemeEntry:
    """A named scheme and the form of its secrets."""

    scheme: Scheme
    credential: Credential


@dataclass(frozen=True, slots=True)
class Panel:
    """A page for operators, shown at `/panels/NAME` to keys that manage the instance.

    Attributes:
        name: Part of its URL.
        title: Its heading.
        render: Gives HTML for its body, within ten seconds; what it embeds it must escape. The page's policy lets
            no script run and loads nothing but the hub's own style sheet.
    """

    name: str
    title: str
    render: Callable[[], Awaitable[str]]


class Registry:
    """Takes what one plugin adds, on trial: the hub takes all of it over or none of it.

    Every call raises `PluginError` when the entry cannot be taken: its name is malformed, is not the plugin's to
    give, or was registered by the same plugin before. Names that another plugin has too are found when the trial
    ends.

    Args:
        plugin: Name of the plugin, that of its entry point.
    """

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self._entries: dict[tuple[EntryKind, str], Entry] = {}
        self._open = True

    def vendor(self, vendor: Vendor) -> None:
        """Add a vendor with its catalog and actions. Its name is the plugin's, or starts with it and a dash."""
        if not isinstance(vendor, Vendor):
            raise PluginError(self.plugin, f"registry.vendor takes a Vendor, not a {type(vendor).__name__}")
        if vendor.name != self.plugin and not vendor.name.startswith(f"{self.plugin}-"):
            raise PluginError(
                self.plugin, f"the vendor {vendor.name!r} must be named {self.plugin!r} or {self.plugin + '-…'!r}"
            )
        self._add("vendor", vendor.name, vendor)
        for action in vendor.actions:
            self.action(action)
        if vendor.catalog is not None:
            self._types(vendor.catalog.of_vendor(vendor.name))

    def scheme(self, name: str, scheme: Scheme, credential: Credential | None = None) -> None:
        """Add a scheme that subscriptions may name.

        Args:
            name: Lower-case letters, digits and dashes.
            scheme: Signs messages.
            credential: Form of its secrets; None: plain text.
        """
        if not callable(getattr(scheme, "sign", None)) or not callable(getattr(scheme, "verify", None)):
            raise PluginError(self.plugin, f"the scheme {name!r} has no verify and sign")
        self._add("scheme", name, SchemeEntry(scheme, credential or Credential()))

    def action(self, action: Action) -> None:
        """Add an action, named `<plugin>.<verb>`."""
        if not action.name.startswith(f"{self.plugin}."):
            raise PluginError(self.plugin, f"the action {action.name!r} must be named {self.plugin + '.…'!r}")
        self._add("action", action.name, action)

    def parser(self, media_type: str, parse: Parser) -> None:
        """Add a parser of bodies of a media type, for sources without a vendor.

        Args:
            media_type: Such as `application/cbor`, in any case, without parameters; none that the core reads itself.
            parse: Body -> JSON value; ValueError refuses the request (400), any other error holds it. Not asked for
                an empty body.
        """
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise PluginError(self.plugin, f"{media_type!r} is no media type")
        if media_type.lower() in _CORE_MEDIA_TYPES:
            raise PluginError(self.plugin, f"bodies of {media_type} are read by the core")
        self._add("parser", media_type.lower(), parse)

    def catalog(self, catalog: Catalog) -> None:
        """Add event types that belong to no vendor of the plugin; they are shown under the plugin's name."""
        self._types(catalog.of_vendor(self.plugin))

    def dialect(self, dialect: Dialect) -> None:
        """Add a URL style and reply shape."""
        self._add("dialect", dialect.name, dialect)

    def engine(self, name: str, factory: Callable[..., Any]) -> None:
        """Add an engine (`hub.ports.engine.Engine`), which runs all executions where `HUB_ENGINE` names it.

        Args:
            name: Another one than `embedded`, which is the core's.
            factory: Makes it from `hub.backends.EngineParts`, once, when the hub starts.
        """
        self._add("engine", self._not_core(name, EMBEDDED), factory)

    def store(self, scheme: str, factory: Callable[..., Any]) -> None:
        """Add a store (`hub.ports.store.Store`) for database URLs of this scheme.

        Args:
            scheme: Such as `postgresql`, without a driver; not `sqlite`, which is the core's.
            factory: Makes it from `hub.backends.StoreParts`, once, when the hub starts.
        """
        self._add("store", self._not_core(scheme, "sqlite"), factory)

    def command(self, command: click.Command) -> None:
        """Add a command (or group) to the command line, under the command's own name: `hub NAME`.

        The core's commands keep their names. `hub.cli.terminal.client.HubClient` calls the running hub as they do.
        """
        self._add("command", command.name or "", command)

    def panel(self, panel: Panel) -> None:
        """Add a page for operators, at `/panels/NAME`."""
        self._add("panel", panel.name, panel)

    def close(self) -> tuple[Entry, ...]:
        """End the trial: what was staged; later calls raise."""
        self._open = False
        return tuple(self._entries.values())

    def _types(self, catalog: Catalog) -> None:
        for one in catalog:
            self._put("event_type", _type_key(one), one)

    def _add(self, kind: EntryKind, key: str, value: Any) -> None:
        if kind not in ("action", "parser") and not NAME.fullmatch(key):
            raise PluginError(self.plugin, f"{key!r} is no name for a {kind}: lower-case letters, digits and dashes")
        self._put(kind, key, value)

    def _not_core(self, name: str, core: str) -> str:
        if name == core:
            raise PluginError(self.plugin, f"{name!r} is the core's own")
        return name

    def _put(self, kind: EntryKind, key: str, value: Any) -> None:
        if not self._open:
            raise PluginError(self.plugin, f"{kind} {key!r} comes too late: entries are added in hub_register")
        if (kind, key) in self._entries:
            raise PluginError(self.plugin, f"{kind} {key!r} is registered twice")
        self._entries[kind, key] = Entry(kind, key, value, self.plugin)


def _type_key(one: EventType) -> str:
    return f"{one.vendor}/{one.name}/{one.direction}/{one.version}"


def adds(entries: tuple[Entry, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What entries add, by kind, event types by their names."""
    kinds: dict[str, list[str]] = {}
    for entry in entries:
        kinds.setdefault(entry.kind, []).append(entry.value.name if entry.kind == "event_type" else entry.key)
    return ((kind, tuple(dict.fromkeys(keys))) for kind, keys in kinds.items())
