"""Calling plugins: their hooks, and the functions of their vendors and panels. What fails is remembered as a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hub.errors import Drop, PluginError, Reject, Unavailable, described
from hub.model.wire.event import Event
from hub.model.wire.message import Message
from hub.model.wire.request import Request
from hub.plugins.blame import Faults
from hub.plugins.calling import Unanswered, ask
from hub.plugins.clock import RequestClock
from hub.plugins.hooks import HookName, Implementation
from hub.plugins.lookups import PluginLookups
from hub.sdk.context import Source
from hub.sdk.registry import EntryKind, Panel

__all__ = ["PluginCalls"]

T = TypeVar("T", Event, Message)


class PluginCalls(PluginLookups):
    """Calls the code of the active plugins, one plugin at a time."""

    _faults: Faults

    @property
    def has_guards(self) -> bool:
        """Whether a plugin implements `hub_guard`."""
        return "hub_guard" in self._entries.hooks

    @property
    def has_event_hooks(self) -> bool:
        """Whether a plugin implements `hub_event`."""
        return "hub_event" in self._entries.hooks

    @property
    def has_message_hooks(self) -> bool:
        """Whether a plugin implements `hub_message`."""
        return "hub_message" in self._entries.hooks

    @property
    def has_observers(self) -> bool:
        """Whether a plugin implements `hub_observe`."""
        return "hub_observe" in self._entries.hooks

    def blame(self, kind: EntryKind, key: str, what: str, fault: Exception) -> PluginError:
        """Remember a fault of a function that the hub has called itself, without `ask`.

        Args:
            kind: Kind of the entry that the function belongs to.
            key: Key of that entry.
            what: What the function was called for.
            fault: What it raised.

        Returns:
            The error that names plugin, function and fault.
        """
        owner = self._entries.owners.get((kind, key), key)
        self._faults.note(owner, what, fault)
        return PluginError(owner, f"failed in {what}: {described(fault)}")

    async def ask(self, plugin: str, clock: RequestClock, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of a vendor or plugin, sync or async; its exceptions pass. See `hub.plugins.calling.ask`."""
        owner = self._entries.owners.get(("vendor", plugin), plugin)
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
                answer = await self._ask(one.plugin, one.hook, clock, one.function, *one.arguments(request, source))
            except Reject:
                raise
            except Exception as error:
                raise Unavailable(f"plugin {one.plugin}: hub_guard failed: {described(error)}") from error
            if answer is not None:
                fault = f"returned {type(answer).__name__}: it refuses by raising Reject"
                self._faults.note(one.plugin, one.hook, fault)
                raise Unavailable(f"plugin {one.plugin}: hub_guard {fault}")

    async def event(self, event: Event, clock: RequestClock) -> Event:
        """Pass an event from plugin to plugin, each of which may change it.

        Raises:
            Drop: A plugin drops it.
            PluginError: A plugin failed, did not answer, or did not return an event. The event is to be held.
        """
        return await self._fold("hub_event", event, clock)

    async def message(self, message: Message, clock: RequestClock) -> Message:
        """Pass an outgoing message from plugin to plugin; errors as in `event`."""
        return await self._fold("hub_message", message, clock)

    async def render(self, panel: Panel, clock: RequestClock) -> str:
        """The HTML of a plugin's page.

        Raises:
            PluginError: The plugin failed, or did not return text.
            Unavailable: It did not answer in time.
        """
        owner = self._entries.owners.get(("panel", panel.name), panel.name)
        try:
            given = await self._ask(owner, f"the page {panel.name}", clock, panel.render)
        except Unavailable:
            raise
        except Exception as error:
            raise PluginError(owner, f"failed in the page {panel.name}: {described(error)}") from error
        if not isinstance(given, str):
            fault = TypeError(f"returned a {type(given).__name__} instead of text")
            raise self.blame("panel", panel.name, f"the page {panel.name}", fault)
        return given

    def _hooks(self, hook: HookName) -> tuple[Implementation, ...]:
        return self._entries.hooks.get(hook, ())

    async def _ask(
        self, plugin: str, what: str, clock: RequestClock, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        """`ask`, remembering faults of the plugin. Refusing and dropping are none."""
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

    async def _fold(self, hook: HookName, value: T, clock: RequestClock) -> T:
        for one in self._hooks(hook):
            try:
                given = await self._ask(one.plugin, hook, clock, one.function, *one.arguments(value))
            except (Drop, PluginError):
                raise
            except Exception as error:
                raise PluginError(one.plugin, f"{hook} failed: {described(error)}") from error
            if given is None:
                continue
            wanted = type(value)
            if type(given) is not wanted:
                fault = f"returned a {type(given).__name__} instead of {wanted.__name__}"
                self._faults.note(one.plugin, hook, fault)
                raise PluginError(one.plugin, f"{hook} {fault}")
            value = given
        return value
