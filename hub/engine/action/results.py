"""How a try of a node ends: the engine turns it into the node's journal entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.model.stored.execution import NewExecution

__all__ = ["TryFailed", "TryResult", "TrySucceeded", "TryWaiting"]


@dataclass(frozen=True, slots=True)
class TrySucceeded:
    """The node has succeeded.

    Attributes:
        output: The node's output, a JSON value.
        child: An execution to create in the commit that records the success.
        answer: For the waiting sender, once that commit is done.
    """

    output: Any
    child: NewExecution | None = None
    answer: Any = None


@dataclass(frozen=True, slots=True)
class TryWaiting:
    """The node waits; `hub.workflows.plan.tries` says what for.

    Attributes:
        due: When the wait ends at the latest, microseconds UTC.
        output: The output that the node will have once a sleep is over.
        child: An execution to create in the commit that records the wait, and to wait for.
    """

    due: int | None = None
    output: Any = None
    child: NewExecution | None = None


@dataclass(frozen=True, slots=True)
class TryFailed:
    """The try failed.

    Attributes:
        message: Why, secrets masked.
        retryable: Whether another try may help.
        retry_after: Seconds that the other side asked to wait.
    """

    message: str
    retryable: bool = True
    retry_after: float | None = None


TryResult = TrySucceeded | TryWaiting | TryFailed
