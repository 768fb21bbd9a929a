"""Executions: one run of a workflow for one event, and the journal of its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.model.ids import Id

__all__ = [
    "FINISHED",
    "Claimed",
    "Execution",
    "ExecutionChange",
    "ExecutionError",
    "ExecutionKind",
    "ExecutionRecord",
    "ExecutionState",
    "Finished",
    "Lease",
    "NewExecution",
    "NodeRecord",
    "NodeState",
]

ExecutionState = Literal["queued", "running", "waiting", "held", "succeeded", "failed", "cancelled"]
ExecutionKind = Literal["webhook", "replay", "manual", "child"]
NodeState = Literal["running", "waiting", "succeeded", "failed", "skipped", "cancelled"]

FINISHED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
"""States that an execution leaves only by a retry."""


@dataclass(frozen=True, slots=True)
class ExecutionError:
    """Why an execution failed: the node (None when no node is to blame) and a sentence."""

    node: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on work.

    Attributes:
        owner: Id of the hub process.
        until: Microseconds UTC; afterwards any process may claim the work.
        fence: Increases with each claim; a write with an older fence raises `Fenced`.
    """

    owner: str
    until: int
    fence: int = 1


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """One journal entry: a node (or one item of its `for_each`) of an execution.

    Attributes:
        item: Index within `for_each`; -1 for the node itself.
        attempts: Tries begun so far.
        due: When a node that sleeps or backs off continues, microseconds UTC.
        child: The execution it waits for (`workflow.run`).
        crashes: How often the process ended while this node ran. Such a try does not count as a retry.
    """

    node: str
    state: NodeState
    item: int = -1
    attempts: int = 1
    input: Any = None
    output: Any = None
    error: str | None = None
    started: int | None = None
    finished: int | None = None
    due: int | None = None
    child: Id | None = None
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of an execution that succeeded before it was stored.

    Attributes:
        at: When it finished, microseconds UTC.
        nodes: Its journal.
    """

    result: Any
    at: int
    nodes: tuple[NodeRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What an execution is from its start: what it runs, for which event or parent, and in which order.

    Attributes:
        trigger: What the workflow sees: `{"data", "headers", "query", "type", "event", …}`; see
            `hub.workflows.expressions.scope`. It is stored with the execution and never changes.
        shared: The entries of `trigger` that it has in common with the other executions of its request, as the very
            same object in all of them: they are stored once. None: nothing is shared.
        priority: 0 when a sender waits, 1 for queued work. The smaller number runs first.
        serial_key: Executions of one workflow with the same key run one after another.
        due: When it may be claimed, microseconds UTC.
        definition: A copy of the definition, for a draft run (`version` 0).
    """

    org: Id
    id: Id
    workflow: Id
    version: int
    kind: ExecutionKind
    trigger: Any
    created: int
    source: Id | None = None
    request: Id | None = None
    event: Id | None = None
    parent: Id | None = None
    parent_node: str | None = None
    replay_of: Id | None = None
    priority: int = 1
    serial_key: str | None = None
    due: int = 0
    definition: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution(Execution):
    """An execution to start.

    Attributes:
        concurrency: How many executions of this workflow may run at once, None for any number.
        lease: Set when this process is to run it at once, which saves the claim. Only the claim observes
            `serial_key` and `concurrency`, so an execution with either starts without a lease.
        finished: Set when it has finished already: it is stored with its result and its journal in one commit.
    """

    concurrency: int | None = None
    lease: Lease | None = None
    finished: Finished | None = None
    shared: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a lease that would bypass the rules of the claim."""
        if self.lease is not None and (self.serial_key is not None or self.concurrency is not None):
            raise ValueError(
                "an execution with a serial key or a concurrency limit has to be claimed; it cannot start with a lease"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord(Execution):
    """The current state of an execution.

    Attributes:
        answer: The answer of its `respond` node (`{"status", "headers", "body"}`). Only `Engine.wait` sets it.
    """

    state: ExecutionState
    result: Any = None
    error: ExecutionError | None = None
    started: int | None = None
    finished: int | None = None
    crashes: int = 0
    cancelling: bool = False
    answer: Any = None


@dataclass(frozen=True, slots=True)
class ExecutionChange:
    """What a journal write changes in the execution itself. None leaves a field unchanged.

    Attributes:
        release: Give up the lease, because the execution has finished or waits until `due`.
    """

    state: ExecutionState | None = None
    result: Any = None
    error: ExecutionError | None = None
    started: int | None = None
    finished: int | None = None
    due: int | None = None
    release: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """An execution that was just claimed, with its lease and its journal so far."""

    record: ExecutionRecord
    lease: Lease
    nodes: tuple[NodeRecord, ...]
