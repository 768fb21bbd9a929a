"""The typed front of the plugins: callers never touch pluggy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any, Literal, TypeVar

import structlog

from hub.errors import Drop, NotFound, PluginError, Reject, Unavailable
from hub.model.wire.event import Event
from hub.model.wire.message import Message
from hub.model.wire.record import Record
from hub.model.wire.request import Request
from hub.plugins.blame import Faults
from hub.plugins.calling import Unanswered, ask
from hub.plugins.clock import RequestClock
from hub.plugins.core_entries import CORE_OWNER, core_entries
from hub.plugins.entries import Views
from hub.plugins.hooks import HookName, Implementation
from hub.plugins.lifespans import Lifespans
from hub.plugins.loader import clashes, discover
from hub.plugins.lookups import Offers
from hub.plugins.observers import Observers
from hub.plugins.plugin import Plugin
from hub.plugins.status import PluginState, PluginStatus
from hub.sdk.action import Action
from hub.sdk.context import Source
from hub.sdk.dialect import Dialect
from hub.sdk.handle import HubHandle
from hub.sdk.recorded import Recorded
from hub.sdk.registry import EntryKind, Panel

__all__ = ["Plugins"]

T = TypeVar("T", Event, Message)
_log = structlog.get_logger("hub.plugins")


class Plugins(Offers):
    """All plugins of this process: what they add, whom to ask, and how each of them is.

    Args:
        version: Running version of the core.
        strict: A plugin that is broken at the start fails it.
        entry_points: Instead of the installed ones of the group `hub`.
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
        self._views = Views.of(self._core, ())
        self._lifespans = Lifespans()
        self._observers = Observers(lambda: self._hooks("hub_observe"))
        self._faults = Faults()
        self._hub: HubHandle | None = None
        self._changes: dict[str, asyncio.Task[None]] = {}

    # Coming and going

    def load(self, disabled: frozenset[str] = frozenset()) -> None:
        """Find, import and register the plugins; what is wrong with one leaves the others alone.

        Args:
            disabled: Names that are not even imported.

        Raises:
            PluginError: Strict, and a plugin is broken.
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
        self._insist()

    async def start(self, hub: HubHandle) -> None:
        """Enter `hub_lifespan` of every active plugin, in order of their names, and begin to observe.

        Raises:
            PluginError: Strict, and a plugin did not start.
        """
        self._hub = hub
        for plugin in self._plugins:
            if plugin.state == "active":
                await self._revive(plugin, hub, plugin.turn)
        self._refresh()
        try:
            self._insist()
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
        """Take away at once what a plugin adds; its lifespan ends in the background (`settled`). Raises `NotFound`."""
        for plugin in self._named(name):
            plugin.turn += 1
            plugin.state, plugin.reason = "disabled", ""
            if plugin.lifespan is not None and self._hub is not None:
                self._later(name, partial(self._lifespans.stop, name))
        self._refresh()

    def enable(self, name: str) -> None:
        """Bring a disabled or broken plugin (back), importing it if need be.

        Without a lifespan it is active, or broken, on return; else once that has started (`settled`): until then
        its sources answer 503.

        Raises:
            NotFound: No such plugin is installed.
        """
        self._observers.resume(name)
        self._faults.forget(name)
        for plugin in self._named(name):
            if plugin.state == "active":
                continue
            plugin.turn += 1
            plugin.state, plugin.reason = "disabled", ""
            plugin.stage()
            if plugin.staged is None:
                continue
            fault = clashes({name: plugin.entries}, self._taken((plugin,))).get(name)
            if fault is None and self._hub is not None and plugin.lifespan is not None:
                plugin.reason = "starting"
                self._later(name, partial(self._revive, plugin, self._hub, plugin.turn))
            else:
                plugin.settle(fault)
        self._refresh()

    async def settled(self) -> None:
        """Return once lifespans begun or ended by `enable` and `disable` are through."""
        while self._changes:
            await asyncio.gather(*self._changes.values(), return_exceptions=True)

    def statuses(self) -> tuple[PluginStatus, ...]:
        """Every plugin found, by name; an active one with its last fault, if it had any, as the reason."""
        return tuple(plugin.status(self._remark(plugin.name)) for plugin in self._plugins)

    def vendor_status(self, name: str) -> Literal["active", "disabled", "broken", "missing"]:
        """How a vendor is: that of its plugin, `missing` if no plugin of that name is installed."""
        if name in self._views.vendors:
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
            NotFound: No active plugin brings this vendor.
            PluginError: A recording is malformed.
        """
        owner = self._views.owners.get(("vendor", vendor))
        for plugin in self._plugins:
            if plugin.name == owner:
                try:
                    return Recorded.of_package(plugin.candidate.package)
                except (ValueError, TypeError) as error:
                    raise PluginError(plugin.name, str(error)) from error
        raise NotFound(f"no active plugin brings the vendor {vendor!r}")

    @property
    def packages(self) -> Mapping[str, str]:
        """Top-level module -> name, of all plugins found."""
        return {plugin.candidate.package: plugin.name for plugin in self._plugins}

    # Asking them

    @property
    def has_guards(self) -> bool:
        """Whether anybody implements `hub_guard`."""
        return "hub_guard" in self._views.hooks

    @property
    def has_event_hooks(self) -> bool:
        """Whether anybody implements `hub_event`."""
        return "hub_event" in self._views.hooks

    @property
    def has_message_hooks(self) -> bool:
        """Whether anybody implements `hub_message`."""
        return "hub_message" in self._views.hooks

    @property
    def has_observers(self) -> bool:
        """Whether anybody implements `hub_observe`."""
        return "hub_observe" in self._views.hooks

    def blame(self, kind: EntryKind, key: str, what: str, fault: Exception) -> PluginError:
        """Remember a fault of a function that the hub called itself, without a clock.

        Args:
            kind: Kind of the entry that the function is of.
            key: The entry's key.
            what: What the function was to do.
            fault: What it raised.

        Returns:
            The error that names plugin, function and fault.
        """
        owner = self._views.owners.get((kind, key), key)
        self._faults.note(owner, what, fault)
        return PluginError(owner, f"failed in {what}: {_said(fault)}")

    async def ask(self, plugin: str, clock: RequestClock, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of an author, sync or async; its exceptions pass. See `hub.plugins.calling.ask`."""
        owner = self._views.owners.get(("vendor", plugin), plugin)
        what = getattr(function, "__qualname__", type(function).__name__)
        return await self._ask(owner, what, clock, function, *arguments)

    async def guard(self, request: Request, source: Source, clock: RequestClock) -> None:
        """Let every plugin veto.

        Raises:
            Reject: A plugin refuses.
            Unavailable: A plugin failed or did not answer; the reason names it.
        """
        for one in self._hooks("hub_guard"):
            try:
                said = await self._ask(one.plugin, one.hook, clock, one.function, *one.arguments(request, source))
            except Reject:
                raise
            except Exception as error:
                raise Unavailable(f"plugin {one.plugin}: hub_guard failed: {_said(error)}") from error
            if said is not None:
                fault = f"gave {type(said).__name__}: it refuses by raising Reject"
                self._faults.note(one.plugin, one.hook, fault)
                raise Unavailable(f"plugin {one.plugin}: hub_guard {fault}")

    async def event(self, event: Event, clock: RequestClock) -> Event:
        """Hand an event from plugin to plugin.

        Raises:
            Drop: A plugin lets it go.
            PluginError: A plugin failed, did not answer, or gave no event; the event is to be held.
        """
        return await self._fold("hub_event", event, clock)

    async def message(self, message: Message, clock: RequestClock) -> Message:
        """Hand an outgoing message from plugin to plugin; errors as `event`."""
        return await self._fold("hub_message", message, clock)

    async def render(self, panel: Panel, clock: RequestClock) -> str:
        """The HTML of a plugin's page.

        Raises:
            PluginError: The plugin failed, or gave no text.
            Unavailable: It did not answer in time.
        """
        owner = self._views.owners.get(("panel", panel.name), panel.name)
        try:
            given = await self._ask(owner, f"the page {panel.name}", clock, panel.render)
        except Unavailable:
            raise
        except Exception as error:
            raise PluginError(owner, f"failed in the page {panel.name}: {_said(error)}") from error
        if not isinstance(given, str):
            fault = TypeError(f"gave a {type(given).__name__} in place of text")
            raise self.blame("panel", panel.name, f"the page {panel.name}", fault)
        return given

    def observe(self, record: Record) -> None:
        """Queue a record for `hub_observe`; never waits or raises."""
        self._observers.put(record)

    async def observed(self) -> None:
        """Return once every record queued so far was handed out."""
        await self._observers.drained()

    # Within

    def _hooks(self, hook: HookName) -> tuple[Implementation, ...]:
        return self._views.hooks.get(hook, ())

    async def _ask(
        self, plugin: str, what: str, clock: RequestClock, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        """`ask`, remembering what is the plugin's fault: refusing and dropping are not."""
        try:
            return await ask(plugin, clock, function, *arguments)
        except Unanswered:
            self._faults.note(plugin, what, f"did not answer within {clock.seconds:g} s")
            raise
        except (Reject, Drop):
            raise
        except Exception as error:
            self._faults.note(plugin, what, error)
            raise

    def _remark(self, name: str) -> str:
        return "; ".join(one for one in (self._observers.suspension(name), self._faults.remark(name)) if one)

    async def _fold(self, hook: HookName, value: T, clock: RequestClock) -> T:
        for one in self._hooks(hook):
            try:
                given = await self._ask(one.plugin, hook, clock, one.function, *one.arguments(value))
            except (Drop, PluginError):
                raise
            except Exception as error:
                raise PluginError(one.plugin, f"{hook} failed: {_said(error)}") from error
            if given is None:
                continue
            wanted = type(value)
            if type(given) is not wanted:
                fault = f"gave a {type(given).__name__} in place of {wanted.__name__}"
                self._faults.note(one.plugin, hook, fault)
                raise PluginError(one.plugin, f"{hook} {fault}")
            value = given
        return value

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

    async def _revive(self, plugin: Plugin, hub: HubHandle, turn: int) -> None:
        """Start a lifespan and settle the plugin, unless somebody has enabled or disabled it again meanwhile."""
        lifespan = plugin.lifespan
        if lifespan is None or turn != plugin.turn:
            return
        fault = None
        try:
            await self._lifespans.start(lifespan, hub)
        except PluginError as error:
            fault = error
        if turn == plugin.turn:
            plugin.settle(fault)
            self._refresh()

    def _later(self, name: str, change: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Change a plugin's lifespan in the background, after the changes to it that are under way."""
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
        self._views = Views.of(entries, (hook for plugin in active for hook in plugin.hooks))
        self._observers.see((plugin.name, plugin.state, plugin.reason) for plugin in self._plugins)

    def _insist(self) -> None:
        broken = [plugin for plugin in self._plugins if plugin.state == "broken"]
        if self._strict and broken:
            raise PluginError(broken[0].name, "; ".join(f"{one.name}: {one.reason}" for one in broken))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
