"""A plugin and its current state."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from hub.errors import PluginError
from hub.plugins.hooks import Implementation
from hub.plugins.loader import Candidate, Staged, stage
from hub.plugins.status import PluginState, PluginStatus
from hub.sdk.registry import Entry, adds

__all__ = ["Plugin"]

_log = structlog.get_logger("hub.plugins")


@dataclass(slots=True)
class Plugin:
    """An installed plugin: what was found, its state, and what it adds.

    Attributes:
        state: `disabled` also while its lifespan starts.
        staged: What it adds once it is active; None if it is not, or could not be, imported.
        generation: Number of times that it was enabled or disabled. A start that ends under another generation than it
            began with is out of date.
    """

    candidate: Candidate
    state: PluginState = "disabled"
    reason: str = ""
    staged: Staged | None = None
    generation: int = 0

    @property
    def name(self) -> str:
        """Name of its entry point."""
        return self.candidate.name

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What it registered."""
        return self.staged.entries if self.staged else ()

    @property
    def hooks(self) -> tuple[Implementation, ...]:
        """The hooks that it implements."""
        return self.staged.hooks if self.staged else ()

    @property
    def lifespan(self) -> Implementation | None:
        """Its `hub_lifespan`, if it has one."""
        return next((one for one in self.hooks if one.hook == "hub_lifespan"), None)

    def stage(self) -> None:
        """Import it on trial, unless it has been imported; a fault makes it broken."""
        if self.staged is None:
            try:
                self.staged = stage(self.candidate)
            except PluginError as error:
                self.fail(error)

    def settle(self, fault: PluginError | None = None) -> None:
        """Make it active, or broken if there is a fault."""
        if fault is None:
            self.state, self.reason = "active", ""
        else:
            self.fail(fault)

    def fail(self, error: PluginError) -> None:
        """Make it broken."""
        self.state, self.reason = "broken", str(error).removeprefix(f"plugin {self.name}: ")
        _log.error("plugin is broken", plugin=self.name, distribution=self.candidate.distribution, reason=self.reason)

    def status(self, remark: str = "") -> PluginStatus:
        """What operators see of it, with `remark` as the reason if there is no other."""
        adding = dict(adds(self.entries))
        if self.hooks:
            adding["hook"] = tuple(dict.fromkeys(hook.hook for hook in self.hooks))
        candidate = self.candidate
        return PluginStatus(
            self.name, candidate.distribution, candidate.version, self.state, self.reason or remark, adding
        )
