"""The registry: typed calls by which a plugin adds entries."""

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
"""The kinds of entries."""

Parser = Callable[[bytes], Any]
"""Body -> JSON value. Raises ValueError for a body that it cannot read."""

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
    """One thing that a plugin adds. Its key is unique among the entries of its kind, over all plugins."""

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
        name: Name in the URL.
        title: Heading of the page.
        render: Returns HTML for the body, within ten seconds. It must escape the values that it embeds. The page's
            policy lets no script run and loads only the hub's own style sheet.
    """

    name: str
    title: str
    render: Callable[[], Awaitable[str]]


class Registry:
    """Takes the entries of one plugin, of which the hub accepts all or none.

    Every call raises `PluginError` if the entry cannot be accepted: its name is malformed, may not be used by this
    plugin, or was registered by it before. Names that another plugin has too are found when all plugins are registered.

    Args:
        plugin: Name of the plugin: that of its entry point.
    """

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self._entries: dict[tuple[EntryKind, str], Entry] = {}
        self._open = True

    def vendor(self, vendor: Vendor) -> None:
        """Add a vendor with its catalog and actions. Its name is that of the plugin, or starts with it and a dash."""
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
        """Add a scheme that subscriptions can name.

        Args:
            name: Lower-case letters, digits and dashes.
            scheme: Signs messages.
            credential: The form of its secrets; None: plain text.
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
            media_type: For example `application/cbor`, in any case, without parameters; not one that the core reads.
            parse: Body -> JSON value. ValueError refuses the request (400), any other error holds it. It is not
                called for an empty body.
        """
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise PluginError(self.plugin, f"{media_type!r} is not a media type")
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
        """Add an engine (`hub.ports.engine.Engine`), which runs all executions if `HUB_ENGINE` names it.

        Args:
            name: Any name but `embedded`, which is the core's.
            factory: Makes the engine from `hub.backends.EngineParts`, once, when the hub starts.
        """
        self._add("engine", self._not_core(name, EMBEDDED), factory)

    def store(self, scheme: str, factory: Callable[..., Any]) -> None:
        """Add a store (`hub.ports.store.Store`) for database URLs of this scheme.

        Args:
            scheme: For example `postgresql`, without a driver; not `sqlite`, which is the core's.
            factory: Makes the store from `hub.store.parts.StoreParts`, once, when the hub starts.
        """
        self._add("store", self._not_core(scheme, "sqlite"), factory)

    def command(self, command: click.Command) -> None:
        """Add a command (or group) to the command line as `hub NAME`, where NAME is the command's own name.

        The names of the core's commands cannot be used. Like them, a command can call the running hub with
        `hub.cli.terminal.client.HubClient`.
        """
        self._add("command", command.name or "", command)

    def panel(self, panel: Panel) -> None:
        """Add a page for operators, at `/panels/NAME`."""
        self._add("panel", panel.name, panel)

    def close(self) -> tuple[Entry, ...]:
        """The entries; later calls of the registry raise."""
        self._open = False
        return tuple(self._entries.values())

    def _types(self, catalog: Catalog) -> None:
        for one in catalog:
            self._put("event_type", _type_key(one), one)

    def _add(self, kind: EntryKind, key: str, value: Any) -> None:
        if kind not in ("action", "parser") and not NAME.fullmatch(key):
            raise PluginError(
                self.plugin, f"{key!r} is not a name for a {kind}: use lower-case letters, digits and dashes"
            )
        self._put(kind, key, value)

    def _not_core(self, name: str, core: str) -> str:
        if name == core:
            raise PluginError(self.plugin, f"{name!r} is a name of the core")
        return name

    def _put(self, kind: EntryKind, key: str, value: Any) -> None:
        if not self._open:
            raise PluginError(self.plugin, f"{kind} {key!r} is added too late: add entries in hub_register")
        if (kind, key) in self._entries:
            raise PluginError(self.plugin, f"{kind} {key!r} is registered twice")
        self._entries[kind, key] = Entry(kind, key, value, self.plugin)


def _type_key(one: EventType) -> str:
    return f"{one.vendor}/{one.name}/{one.direction}/{one.version}"


def adds(entries: tuple[Entry, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The keys of entries by kind; event types by name."""
    kinds: dict[str, list[str]] = {}
    for entry in entries:
        kinds.setdefault(entry.kind, []).append(entry.value.name if entry.kind == "event_type" else entry.key)
    return ((kind, tuple(dict.fromkeys(keys))) for kind, keys in kinds.items())
