"""Finds plugins and imports each on trial, so that a fault of one does not affect the others.

pluggy's own loading stops the host when one plugin fails to import, and lets a second distribution take over a name
silently. So entry points are read here, and pluggy checks the hooks of one plugin at a time.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hub.errors import PluginError, described
from hub.plugins.calling import answer_of
from hub.plugins.hooks import Implementation, implementations
from hub.sdk.registry import Entry, Registry
from hub.sdk.vendor import NAME, Vendor

__all__ = ["CORE", "GROUP", "Candidate", "Staged", "clashes", "discover", "stage"]

GROUP = "hub"
"""The entry-point group of plugins."""

CORE = "integration-hub"
"""The distribution that plugins require."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that was found: its entry point.

    Attributes:
        refusal: Why it is not imported; empty if it may be.
    """

    entry: EntryPoint
    refusal: str = ""

    @property
    def name(self) -> str:
        """Name of the plugin."""
        return self.entry.name

    @property
    def distribution(self) -> str:
        """Name of the distribution; empty for an entry point that belongs to none."""
        return self.entry.dist.name if self.entry.dist is not None else ""

    @property
    def version(self) -> str:
        """Version of the distribution; empty if it is not known."""
        return self.entry.dist.version if self.entry.dist is not None else ""

    @property
    def package(self) -> str:
        """Top-level module of the plugin."""
        return self.entry.module.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.distribution or self.entry.value} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Staged:
    """What a plugin would add if it were active."""

    entries: tuple[Entry, ...]
    hooks: tuple[Implementation, ...]


def discover(version: str, points: Iterable[EntryPoint] | None = None) -> tuple[Candidate, ...]:
    """The installed plugins by name, each with the reason to refuse it that shows without an import.

    Refused are all claimants of one name, a malformed name, and a distribution that requires another version of the
    core.

    Args:
        version: Running version of the core.
        points: Entry points in place of the installed ones.
    """
    found = sorted(
        {(one.name, one.value, _dist_name(one)): one for one in points or _installed(points)}.values(),
        key=lambda one: (one.name, _dist_name(one), one.value),
    )
    claims: dict[str, list[EntryPoint]] = defaultdict(list)
    for one in found:
        claims[one.name].append(one)
    return tuple(Candidate(one, _refusal(one, claims[one.name], version)) for one in found)


def _installed(points: Iterable[EntryPoint] | None) -> Iterable[EntryPoint]:
    return entry_points(group=GROUP) if points is None else ()


def _dist_name(one: EntryPoint) -> str:
    return canonicalize_name(one.dist.name) if one.dist is not None else ""


def _refusal(one: EntryPoint, claimants: list[EntryPoint], version: str) -> str:
    if len(claimants) > 1:
        names = " and ".join(str(Candidate(claimant)) for claimant in claimants)
        return f"the name {one.name!r} is claimed by {names}; none of them is loaded, uninstall one"
    if not NAME.fullmatch(one.name):
        return f"the entry point's name {one.name!r} must be lower-case letters, digits and dashes"
    return _incompatible(one.dist, version) if one.dist is not None else ""


def _incompatible(dist: Distribution, version: str) -> str:
    for text in dist.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            if re.match(rf"{CORE}\b", canonicalize_name(text)):
                return f"its requirement {text!r} cannot be read: {error}"
            continue
        if canonicalize_name(requirement.name) != CORE:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            return f"it requires {CORE}{requirement.specifier}, but this is {version}"
    return ""


def stage(candidate: Candidate) -> Staged:
    """Import a plugin and collect what it would add, without any effect on the hub.

    Raises:
        PluginError: It is refused, cannot be imported, has a misspelt hook, or registers something wrong or nothing.
    """
    name = candidate.name
    if candidate.refusal:
        raise PluginError(name, candidate.refusal)
    plugin = _imported(candidate)
    registry = Registry(name)
    hooks: tuple[Implementation, ...] = ()
    if isinstance(plugin, Vendor):
        registry.vendor(plugin)
    else:
        hooks = implementations(name, plugin)
        for hook in hooks:
            if hook.hook == "hub_register":
                _register(name, hook, registry)
    entries = registry.close()
    if not entries and all(hook.hook == "hub_register" for hook in hooks):
        raise PluginError(
            name,
            f"{candidate.entry.value} registers nothing: it has no hook marked with @hookimpl. Where it holds a "
            f"Vendor, point the entry point at it, as in {candidate.entry.module}:vendor",
        )
    return Staged(entries, hooks)


def _imported(candidate: Candidate) -> object:
    try:
        return candidate.entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(candidate.name, f"import failed: {described(error)}") from error


def _register(name: str, hook: Implementation, registry: Registry) -> None:
    try:
        result = answer_of(name, hook.function, (registry,)[: len(hook.positions)])
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(name, f"hub_register failed: {described(error)}") from error
    if result is not None:
        close = getattr(result, "close", None)
        if callable(close):
            close()
        kind = type(result).__name__
        raise PluginError(name, f"hub_register must be a plain function that returns nothing, not a {kind}")


def clashes(staged: dict[str, tuple[Entry, ...]], taken: dict[tuple[str, str], str]) -> dict[str, PluginError]:
    """Plugins that claim what another one has, each with the error. Of plugins on trial, all claimants are named.

    Args:
        staged: Entries on trial by plugin.
        taken: (kind, key) -> owner, of the core and of active plugins.
    """
    claims: dict[tuple[str, str], list[str]] = defaultdict(list)
    for plugin, entries in staged.items():
        for entry in entries:
            claims[entry.kind, entry.key].append(plugin)
    faults: dict[str, PluginError] = {}
    for (kind, key), plugins in claims.items():
        owner = taken.get((kind, key))
        if owner is None and len(plugins) == 1:
            continue
        for plugin in plugins:
            others = " and ".join(sorted({*plugins, *((owner,) if owner else ())} - {plugin}))
            faults.setdefault(plugin, PluginError(plugin, f"{kind} {key!r} is claimed by {others} too"))
    return faults
