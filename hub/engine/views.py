"""An execution as those who wait for it see it, without a read of the store."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hub.model.stored.execution import ExecutionRecord, ExecutionState, NewExecution

__all__ = ["view_of"]

_KEPT = tuple(sorted({one.name for one in fields(NewExecution)} & {one.name for one in fields(ExecutionRecord)}))


def view_of(execution: NewExecution | ExecutionRecord, state: ExecutionState, **now: Any) -> ExecutionRecord:
    """The record of an execution: as it was accepted or claimed, with its state and what else is known `now`."""
    kept: dict[str, Any] = {name: getattr(execution, name) for name in _KEPT}
    return ExecutionRecord(**(kept | now), state=state)
