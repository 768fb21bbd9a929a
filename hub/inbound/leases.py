"""The engine's slots that are promised to executions before they are accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.model.stored.execution import NewExecution
from hub.model.stored.inbound import NewEvent
from hub.ports.engine import Engine

__all__ = ["return_leases"]


def return_leases(events: Iterable[NewEvent], engine: Engine, accepted: Sequence[NewExecution] = ()) -> None:
    """Give back the lease of every execution of `events` that is not among the `accepted` ones."""
    kept = {execution.id for execution in accepted}
    for event in events:
        for execution in event.executions:
            if execution.lease is not None and execution.id not in kept:
                engine.release(execution.lease)
