"""What went wrong in plugins while the hub was running, for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from hub.errors import described

__all__ = ["Faults"]

_log = structlog.get_logger("hub.plugins")

LONGEST = 300
"""Characters of an error that are kept."""
_LOGGED = 100
"""Different faults of one plugin that are logged; the last fault and their number are shown all the same."""


@dataclass(frozen=True, slots=True)
class _Fault:
    text: str
    at: datetime
    count: int


class Faults:
    """The last fault of each plugin and how many there were."""

    def __init__(self) -> None:
        self._faults: dict[str, _Fault] = {}
        self._logged: dict[str, set[str]] = {}

    def note(self, plugin: str, what: str, fault: Exception | str) -> None:
        """Remember a fault.

        Args:
            plugin: Name of the plugin.
            what: The hook or function that was called.
            fault: The exception, or a sentence.
        """
        text = fault if isinstance(fault, str) else described(fault)
        before = self._faults.get(plugin)
        count = 1 if before is None else before.count + 1
        shown = f"{what} {_shortened(text)}"
        logged = self._logged.setdefault(plugin, set())
        if shown not in logged and len(logged) < _LOGGED:
            logged.add(shown)
            _log.warning("a plugin failed", plugin=plugin, fault=shown)  # once, however often it is repeated
        self._faults[plugin] = _Fault(shown, datetime.now(UTC), count)

    def forget(self, plugin: str) -> None:
        """Forget the faults of a plugin."""
        self._faults.pop(plugin, None)
        self._logged.pop(plugin, None)

    def remark(self, plugin: str) -> str:
        """A sentence about the last fault of a plugin; empty if it had none."""
        fault = self._faults.get(plugin)
        if fault is None:
            return ""
        times = "once" if fault.count == 1 else f"{fault.count} times"
        return f"{fault.text} (failed {times}, last at {fault.at:%Y-%m-%dT%H:%M:%SZ})"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
