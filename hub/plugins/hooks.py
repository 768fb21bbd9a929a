"""The hooks that a plugin implements, checked by pluggy one plugin at a time."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pluggy

from hub.errors import PluginError, described
from hub.sdk import hookspecs

__all__ = ["HookName", "Implementation", "implementations"]

HookName = Literal["hub_event", "hub_guard", "hub_lifespan", "hub_message", "hub_observe", "hub_register"]
"""Names of the hooks."""

_FIRST, _USUAL, _LAST = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's implementation of one hook.

    Attributes:
        positions: Positions of the hook's arguments that it takes, in its own order.
        order: Sort key: by `tryfirst` and `trylast`, then by the plugin's name.
    """

    plugin: str
    hook: HookName
    function: Callable[..., Any]
    positions: tuple[int, ...]
    order: tuple[int, str]

    def arguments(self, *given: Any) -> tuple[Any, ...]:
        """The arguments that it takes, of all that the hook gets."""
        return tuple(given[position] for position in self.positions)


def implementations(name: str, plugin: object) -> tuple[Implementation, ...]:
    """The hooks that a plugin implements.

    Raises:
        PluginError: A hook is misspelt or not marked, takes an unknown argument, or wraps others.
    """
    if isinstance(plugin, type) or not (inspect.ismodule(plugin) or hasattr(plugin, "__dict__")):
        raise PluginError(name, f"the entry point must be a Vendor, a module or an object with hooks, not {plugin!r}")
    manager = pluggy.PluginManager("hub")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(name, f"a hook is wrong or misspelt: {error}") from error
    except Exception as error:
        raise PluginError(name, f"its hooks cannot be read: {described(error)}") from error
    _marked(name, plugin)
    return tuple(
        _implementation(name, hook, one)
        for hook in get_args(HookName)
        for one in getattr(manager.hook, hook).get_hookimpls()
    )


def _implementation(name: str, hook: HookName, one: pluggy.HookImpl) -> Implementation:
    if one.hookwrapper or one.wrapper:
        raise PluginError(name, f"{hook} wraps the hooks of others; a broadcast hook may only observe or veto")
    if hook in ("hub_register", "hub_lifespan") and inspect.iscoroutinefunction(one.function):
        kind = "a plain function" if hook == "hub_register" else "an @asynccontextmanager"
        raise PluginError(name, f"{hook} must be {kind}, not async")
    spec = tuple(inspect.signature(getattr(hookspecs, hook)).parameters)
    positions = tuple(spec.index(argument) for argument in one.argnames)
    rank = _FIRST if one.tryfirst else _LAST if one.trylast else _USUAL
    return Implementation(name, hook, one.function, positions, (rank, name))


def _marked(name: str, plugin: object) -> None:
    for attribute, value in vars(plugin).items():
        if attribute.startswith("hub_") and inspect.isfunction(value) and not hasattr(value, "hub_impl"):
            raise PluginError(name, f"{attribute} looks like a hook but is not marked with @hookimpl")
