"""What operators see of a plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["PluginState", "PluginStatus"]

PluginState = Literal["active", "disabled", "broken"]
"""active: its entries and hooks are in use. disabled: by an operator. broken: `reason` says why."""


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One line of `hub plugins`.

    Attributes:
        name: Name of the entry point.
        distribution: Name of the distribution; empty if it is not known.
        version: Version of the distribution; empty if it is not known.
        reason: Why it is broken, or another remark.
        adds: Kind of entry -> names, such as `{"vendor": ("okta",), "hook": ("hub_guard",)}`.
    """

    name: str
    distribution: str
    version: str
    status: PluginState
    reason: str = ""
    adds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
