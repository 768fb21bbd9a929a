"""Executions: one run of a workflow for one event, and the journal of its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hub.model.ids import Id

__all__ = [
    "FINISHED",
    "Claimed",
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
"""States that an execution never leaves but by retry."""


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
        until: Microseconds UTC; afterwards anybody may claim the work again.
        fence: Grows with each claim; a write with an older fence raises `Fenced`.
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
        due: When a sleeping or backing-off node goes on, microseconds UTC.
        child: The execution it waits for (`workflow.run`).
        crashes: How often the process ended while this node ran; these tries use up no retry.
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
    """How an execution went that was worked out before it was kept: it succeeded.

    Attributes:
        at: When, microseconds UTC.
        nodes: Its journal.
    """

    result: Any
    at: int
    nodes: tuple[NodeRecord, ...]


@dataclass(frozen=True, slots=True)
class NewExecution:
    """An execution to start.

    Attributes:
        trigger: What the workflow sees: `{"data", "headers", "query", "type", "event", …}`; see
            `hub.workflows.expressions.scope`. Kept with the execution, immutable.
        priority: 0 for a waiting sender, 1 for queued work; smaller runs first.
        serial_key: Executions of one workflow with the same key run one after the other.
        concurrency: The version's limit of executions of this workflow that run at once, None without one.
        lease: Set when the engine of this process takes it at birth, which saves the claim. Only the claim looks
            at `serial_key` and `concurrency`, so an execution with either is born without a lease.
        definition: For a draft run (`version` 0) its own copy of the definition.
        finished: Set when it was worked out already: it is kept with its end and its journal, in one commit.
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
    concurrency: int | None = None
    due: int = 0
    lease: Lease | None = None
    definition: Any = None
    finished: Finished | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a lease that would pass over the claim's rules."""
        if self.lease is not None and (self.serial_key is not None or self.concurrency is not None):
            raise ValueError("an execution with a serial key or a concurrency limit is claimed, not born with a lease")


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """An execution as it stands.

    Attributes:
        answer: What its `respond` node answered (`{"status", "headers", "body"}`): set by `Engine.wait` only.
    """

    org: Id
    id: Id
    workflow: Id
    version: int
    kind: ExecutionKind
    state: ExecutionState
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
    definition: Any = None
    result: Any = None
    error: ExecutionError | None = None
    started: int | None = None
    finished: int | None = None
    due: int = 0
    crashes: int = 0
    cancelling: bool = False
    answer: Any = None


@dataclass(frozen=True, slots=True)
class ExecutionChange:
    """What one journal write changes in the execution itself; None leaves a field alone.

    Attributes:
        release: Give up the lease (finished, or waiting until `due`).
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
    """An execution with the lease just won and its journal so far."""

    record: ExecutionRecord
    lease: Lease
    nodes: tuple[NodeRecord, ...]
