"""The plugins of this process: loading, starting, enabling and disabling them, and their states."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any, Literal, TypeVar

import structlog

from hub.errors import NotFound, PluginError
from hub.model.wire.event import Event
from hub.model.wire.message import Message
from hub.model.wire.record import Record
from hub.plugins.blame import Faults
from hub.plugins.entries import CORE_OWNER, EntriesSnapshot, core_entries
from hub.plugins.lifespans import Lifespans
from hub.plugins.loader import clashes, discover
from hub.plugins.observers import Observers
from hub.plugins.plugin import Plugin
from hub.plugins.plugin_calls import PluginCalls
from hub.plugins.status import PluginState, PluginStatus
from hub.sdk.action import Action
from hub.sdk.dialect import Dialect
from hub.sdk.handle import HubHandle
from hub.sdk.recorded import Recorded

__all__ = ["Plugins"]

T = TypeVar("T", Event, Message)
_log = structlog.get_logger("hub.plugins")


class Plugins(PluginCalls):
    """All plugins of this process. Callers look up entries here, call plugins and read their states.

    Args:
        version: Running version of the core.
        strict: A broken plugin fails the start.
        entry_points: Entry points in place of the installed ones of the group `hub`.
        dialects: The core's own dialects.
        actions: The core's own actions.
    """

    def __init__(
        self,
        *,
        version: str,
        strict: bool = False,
        entry_points: Iterable[EntryPoint] | None = None,
        dialects: Iterable[Dialect] = (),
        actions: Iterable[Action] = (),
    ) -> None:
        self._version = version
        self._strict = strict
        self._points = None if entry_points is None else tuple(entry_points)
        self._core = core_entries(dialects, actions)
        self._plugins: tuple[Plugin, ...] = ()
        self._entries = EntriesSnapshot.of(self._core, ())
        self._lifespans = Lifespans()
        self._observers = Observers(lambda: self._hooks("hub_observe"))
        self._faults = Faults()
        self._hub: HubHandle | None = None
        self._changes: dict[str, asyncio.Task[None]] = {}

    def load(self, disabled: frozenset[str] = frozenset()) -> None:
        """Find, import and register the plugins; a fault of one does not affect the others.

        Args:
            disabled: Names of plugins that are not imported.

        Raises:
            PluginError: A plugin is broken and `strict` is set.
        """
        self._plugins = tuple(Plugin(one) for one in discover(self._version, self._points))
        wanted = [plugin for plugin in self._plugins if plugin.name not in disabled]
        for plugin in wanted:
            plugin.stage()
        trial = {plugin.name: plugin.entries for plugin in wanted if plugin.state != "broken"}
        faults = clashes(trial, self._taken(()))
        for plugin in wanted:
            if plugin.state != "broken":
                plugin.settle(faults.get(plugin.name))
        self._refresh()
        self._fail_if_strict()

    async def start(self, hub: HubHandle) -> None:
        """Enter `hub_lifespan` of every active plugin, in order of their names, and start to hand out records.

        Raises:
            PluginError: A plugin did not start and `strict` is set.
        """
        self._hub = hub
        for plugin in self._plugins:
            if plugin.state == "active":
                await self._start_lifespan(plugin, hub, plugin.generation)
        self._refresh()
        try:
            self._fail_if_strict()
        except PluginError:
            await self._lifespans.stop_all()
            raise
        self._observers.start()

    async def stop(self) -> None:
        """Hand out the last records, then leave every lifespan, the last one entered first."""
        await self.settled()
        await self._observers.stop()
        await self._lifespans.stop_all()
        self._hub = None

    def disable(self, name: str) -> None:
        """Remove what a plugin adds, now. Its lifespan ends in the background (`settled`). Raises `NotFound`."""
        for plugin in self._named(name):
            plugin.generation += 1
            plugin.state, plugin.reason = "disabled", ""
            if plugin.lifespan is not None and self._hub is not None:
                self._in_background(name, partial(self._lifespans.stop, name))
        self._refresh()

    def enable(self, name: str) -> None:
        """Enable a disabled or broken plugin; it is imported if it was not.

        Without a lifespan it is active, or broken, on return. With one it is so once the lifespan has started
        (`settled`); until then its sources answer 503.

        Raises:
            NotFound: No such plugin is installed.
        """
        self._observers.resume(name)
        self._faults.forget(name)
        for plugin in self._named(name):
            if plugin.state == "active":
                continue
            plugin.generation += 1
            plugin.state, plugin.reason = "disabled", ""
            plugin.stage()
            if plugin.staged is None:
                continue
            fault = clashes({name: plugin.entries}, self._taken((plugin,))).get(name)
            if fault is None and self._hub is not None and plugin.lifespan is not None:
                plugin.reason = "starting"
                self._in_background(name, partial(self._start_lifespan, plugin, self._hub, plugin.generation))
            else:
                plugin.settle(fault)
        self._refresh()

    async def settled(self) -> None:
        """Return once the lifespans that `enable` and `disable` start and end have done so."""
        while self._changes:
            await asyncio.gather(*self._changes.values(), return_exceptions=True)

    def statuses(self) -> tuple[PluginStatus, ...]:
        """The status of every plugin found, by name; an active one has its last fault, if any, as the reason."""
        return tuple(plugin.status(self._remark(plugin.name)) for plugin in self._plugins)

    def vendor_status(self, name: str) -> Literal["active", "disabled", "broken", "missing"]:
        """State of the plugin of a vendor; `missing` if no such plugin is installed."""
        if name in self._entries.vendors:
            return "active"
        found: PluginState | None = None
        for plugin in self._plugins:
            owns = any(entry.kind == "vendor" and entry.key == name for entry in plugin.entries)
            if owns or (not plugin.staged and (name == plugin.name or name.startswith(f"{plugin.name}-"))):
                found = plugin.state if found is None or owns else found
        return "missing" if found is None else "broken" if found == "active" else found

    def recorded(self, vendor: str) -> Recorded:
        """Recorded requests in the package of a vendor's plugin.

        Raises:
            NotFound: No active plugin has this vendor.
            PluginError: A recording is malformed.
        """
        owner = self._entries.owners.get(("vendor", vendor))
        for plugin in self._plugins:
            if plugin.name == owner:
                try:
                    return Recorded.of_package(plugin.candidate.package)
                except (ValueError, TypeError) as error:
                    raise PluginError(plugin.name, str(error)) from error
        raise NotFound(f"no active plugin brings the vendor {vendor!r}")

    @property
    def packages(self) -> Mapping[str, str]:
        """Top-level module -> name, for all plugins found."""
        return {plugin.candidate.package: plugin.name for plugin in self._plugins}

    def observe(self, record: Record) -> None:
        """Queue a record for `hub_observe`; never waits or raises."""
        self._observers.put(record)

    async def observed(self) -> None:
        """Return once every record queued so far was handed out."""
        await self._observers.drained()

    def _remark(self, name: str) -> str:
        return "; ".join(one for one in (self._observers.suspension(name), self._faults.remark(name)) if one)

    def _named(self, name: str) -> list[Plugin]:
        found = [plugin for plugin in self._plugins if plugin.name == name]
        if not found:
            raise NotFound(f"no plugin is named {name!r}")
        return found

    def _taken(self, but: tuple[Plugin, ...]) -> dict[tuple[str, str], str]:
        taken: dict[tuple[str, str], str] = {(entry.kind, entry.key): CORE_OWNER for entry in self._core}
        for plugin in self._plugins:
            if plugin.state == "active" and plugin not in but:
                taken.update(((entry.kind, entry.key), plugin.name) for entry in plugin.entries)
        return taken

    async def _start_lifespan(self, plugin: Plugin, hub: HubHandle, generation: int) -> None:
        """Start a lifespan and settle the plugin, unless it was enabled or disabled again in the meantime."""
        lifespan = plugin.lifespan
        if lifespan is None or generation != plugin.generation:
            return
        fault = None
        try:
            await self._lifespans.start(lifespan, hub)
        except PluginError as error:
            fault = error
        if generation == plugin.generation:
            plugin.settle(fault)
            self._refresh()

    def _in_background(self, name: str, change: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start or end a plugin's lifespan in the background, after changes to it that are still running."""
        before = self._changes.get(name)

        async def run() -> None:
            if before is not None:
                await asyncio.wait({before})
            await change()

        task = self._changes[name] = asyncio.get_running_loop().create_task(run(), name=f"lifespan of plugin {name}")
        task.add_done_callback(lambda done: self._changes.pop(name) if self._changes.get(name) is done else None)

    def _refresh(self) -> None:
        active = [plugin for plugin in self._plugins if plugin.state == "active"]
        entries = (*self._core, *(entry for plugin in active for entry in plugin.entries))
        self._entries = EntriesSnapshot.of(entries, (hook for plugin in active for hook in plugin.hooks))
        self._observers.put_changes((plugin.name, plugin.state, plugin.reason) for plugin in self._plugins)

    def _fail_if_strict(self) -> None:
        broken = [plugin for plugin in self._plugins if plugin.state == "broken"]
        if self._strict and broken:
            raise PluginError(broken[0].name, "; ".join(f"{one.name}: {one.reason}" for one in broken))
