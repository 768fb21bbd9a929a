"""What an execution does next: a pure function of the version it started with, its trigger and its journal.

The planner uses no clock and no randomness and reads nothing, so every engine decides alike, and the order in which
results arrive does not matter. The rules:

Needs
    A node begins once all its `needs` have succeeded or were skipped. Independent nodes run at the same time. An
    expression sees the outputs of the nodes that its node depends on, directly or not, and of no others.
Skipping
    A node whose needs were all skipped is skipped without evaluating its `if`: a skipped branch ends there. Otherwise
    `if` decides, so a node that joins branches runs when at least one of them ran. The output of a skipped node is
    null.
`for_each`
    The list is computed when the node begins. Its items start in order; at most `for_each_concurrency` of them are
    unfinished at a time (an item that backs off or waits is unfinished). The node's output lists the outputs of the
    items in their order, whatever order they finish in. With an empty list the node succeeds with `[]`.
Failure
    A node whose last try has failed ends the execution. Nothing new starts then. Tries that are running may end, and
    their results are kept, so that a retry of the execution repeats no effect. Nodes that sleep, back off or wait are
    cancelled. The error is that of the first failed node in topological order.
Result
    The workflow's `result`, else the output of the node that finished last; skipped nodes do not count. Of several
    nodes with the same finish time, it is the one that begins last in a run whose nodes take no time, and of these
    the last one in topological order: so the result does not depend on how finely a clock measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from hub.errors import ExpressionError, described
from hub.model.stored.execution import ExecutionError, NodeRecord
from hub.workflows.definition.workflow import CompiledNode, Workflow
from hub.workflows.expressions.scope import Item, NodeView, Scope
from hub.workflows.plan.tries import tried_again

__all__ = ["ExecutionOutcome", "Plan", "Planner", "Step", "plan"]

_PASSED = frozenset({"succeeded", "skipped"})
_BROKEN = frozenset({"failed", "cancelled"})
_UNFINISHED = frozenset({"running", "waiting"})


class Step(NamedTuple):
    """A try of a node that is to begin.

    Attributes:
        item: Index within `for_each`; -1 for the node itself.
        attempt: From 1.
        due: When it begins at the earliest, microseconds UTC; 0 means at once.
        crashes: How often the process ended in earlier tries.
    """

    node: CompiledNode
    item: int = -1
    attempt: int = 1
    due: int = 0
    crashes: int = 0


class ExecutionOutcome(NamedTuple):
    """The end of an execution."""

    state: Literal["succeeded", "failed"]
    result: Any = None
    error: ExecutionError | None = None


class Plan(NamedTuple):
    """What to do now.

    Attributes:
        settled: Entries that follow without running anything (skipped, collected, cancelled), without times. The
            planner has taken them in already; the engine writes them to the journal.
        steps: Tries to begin, in order, at once or when due.
        waits: Entries that wait for a time, a child or a signal (`hub.workflows.plan.tries` says which).
        outcome: Set when the execution is over; the engine has nothing else to do then.
    """

    settled: tuple[NodeRecord, ...] = ()
    steps: tuple[Step, ...] = ()
    waits: tuple[NodeRecord, ...] = ()
    outcome: ExecutionOutcome | None = None

    @property
    def due(self) -> int | None:
        """When the next timer of the plan ends, microseconds UTC; None without a timer."""
        times = [step.due for step in self.steps]
        times += [wait.due for wait in self.waits if wait.due is not None]
        return min(times, default=None)


@dataclass(slots=True)
class _Loop:
    """The items of one `for_each` node."""

    values: Sequence[Any] | None = None
    records: dict[int, NodeRecord] = field(default_factory=dict)
    unfinished: dict[int, NodeRecord] = field(default_factory=dict)
    cursor: int = 0

    def put(self, record: NodeRecord) -> None:
        self.records[record.item] = record
        if record.state in _UNFINISHED:
            self.unfinished[record.item] = record
        else:
            self.unfinished.pop(record.item, None)

    def unstarted(self, limit: int) -> list[int]:
        """The next items to start while at most `limit` are unfinished."""
        count = len(self.values or ())
        while self.cursor < count and self.cursor in self.records:
            self.cursor += 1
        found: list[int] = []
        index = self.cursor
        while index < count and len(self.unfinished) + len(found) < limit:
            if index not in self.records:
                found.append(index)
            index += 1
        return found

    @property
    def complete(self) -> bool:
        return self.values is not None and not self.unfinished and len(self.records) >= len(self.values)


def plan(workflow: Workflow, trigger: Mapping[str, Any], journal: Iterable[NodeRecord]) -> Plan:
    """What to do next in an execution of `workflow` for `trigger` whose journal says `journal` (in any order)."""
    planner = Planner(workflow, trigger)
    for record in journal:
        planner.put(record)
    return planner.plan()


class Planner:
    """`plan` for an engine that follows one execution: keeps between two calls what it has computed.

    The plan depends on the entries taken in so far, not on their order; of one node and item the last entry counts.
    """

    __slots__ = (
        "_broken", "_loops", "_nodes", "_open", "_running", "_scopes", "_settled", "_trigger_scope", "_views",
        "workflow",
    )  # fmt: skip

    def __init__(self, workflow: Workflow, trigger: Mapping[str, Any]) -> None:
        self.workflow = workflow
        self._trigger_scope = Scope.of(trigger, {})
        self._nodes: dict[str, NodeRecord] = {}
        self._loops: dict[str, _Loop] = {}
        self._views: dict[str, NodeView] = {}
        self._scopes: dict[str, Scope] = {}
        self._running: set[tuple[str, int]] = set()
        self._broken = False
        self._open: list[CompiledNode] = list(workflow.nodes.values())
        self._settled: list[NodeRecord] = []

    def put(self, record: NodeRecord) -> None:
        """Take in an entry of the journal, or one that will be written to it."""
        state = record.state
        if state == "running":
            self._running.add((record.node, record.item))
        elif self._running:
            self._running.discard((record.node, record.item))
        if state in _BROKEN:
            self._broken = True
        if record.item >= 0:
            self._loop(record.node).put(record)
            return
        self._nodes[record.node] = record
        if record.state in _PASSED:
            self._views[record.node] = NodeView(record.state, record.output)
            self._scopes.pop(record.node, None)

    def record(self, node: str, item: int = -1) -> NodeRecord | None:
        """The entry of that node and item; None without one."""
        return self._nodes.get(node) if item < 0 else self._loop(node).records.get(item)

    @property
    def running(self) -> frozenset[tuple[str, int]]:
        """Node and item of the tries that are running."""
        return frozenset(self._running)

    def may_still_run(self, action: str) -> bool:
        """Whether a node with this action runs or can begin; a failure elsewhere lets only running tries end."""
        nodes = self.workflow.nodes
        if self._broken:
            return any(nodes[name].action.name == action for name, _ in self._running)
        return any(node.action.name == action for node in self._open)

    def scope(self, node: CompiledNode, item: int = -1) -> Scope:
        """What the expressions of `node` see: the trigger, the nodes it depends on, and its item."""
        scope = self._scopes.get(node.id)
        if scope is None:
            scope = self._trigger_scope
            if node.ancestors:
                scope = scope.seeing({name: self._views[name] for name in node.ancestors if name in self._views})
            self._scopes[node.id] = scope
        if item < 0:
            return scope
        return scope.within(Item(item, (self._loop(node.id).values or ())[item]))

    def plan(self) -> Plan:
        """What to do next. The entries that it settles are taken in."""
        self._settled = []
        steps: list[Step] = []
        waits: list[NodeRecord] = []
        unfinished: list[CompiledNode] = []
        for node in self._open:
            record = self._nodes.get(node.id)
            if record is not None:
                _continue(node, record, steps, waits)
            elif not self._broken and self._views.keys() >= node.ancestors:
                self._take_up(node, steps, waits)
                record = self._nodes.get(node.id)
            if record is None or record.state in _UNFINISHED:
                unfinished.append(node)
        self._open = unfinished
        if self._broken:
            steps.clear()
            waits.clear()
            self._wind_up()
        settled = tuple(self._settled)
        if self._broken:
            return Plan(settled, outcome=None if self._running else self._failure())
        if not self._open:
            return Plan(settled, outcome=self._success())
        return Plan(settled, tuple(steps), tuple(waits))

    def cancelled(self) -> tuple[NodeRecord, ...]:
        """Entries that cancel every unfinished node and item, running ones too: for the deadline of the workflow."""
        found = [record for record in self._nodes.values() if record.state in _UNFINISHED]
        for loop in self._loops.values():
            found += loop.unfinished.values()
        return tuple(_cancel(record) for record in found)

    def _take_up(self, node: CompiledNode, steps: list[Step], waits: list[NodeRecord]) -> None:
        """Begin a node that has no entry yet and whose needs are met, or continue with its items."""
        loop = self._loops.get(node.id)
        if loop is not None and loop.values is not None:
            self._iterate(node, loop, steps, waits)
        else:
            self._begin(node, steps, waits)

    def _begin(self, node: CompiledNode, steps: list[Step], waits: list[NodeRecord]) -> None:
        if node.needs and all(self._nodes[need].state == "skipped" for need in node.needs):
            self._settle(NodeRecord(node.id, "skipped", attempts=0))
            return
        try:
            scope = self.scope(node)
            if not node.condition(scope):
                self._settle(NodeRecord(node.id, "skipped", attempts=0))
                return
            values = node.items(scope)
        except ExpressionError as error:
            self._settle(NodeRecord(node.id, "failed", attempts=0, error=str(error)))
            return
        except Exception as error:  # noqa: BLE001 - whatever an expression raises is the failure of its node
            self._settle(NodeRecord(node.id, "failed", attempts=0, error=f"internal error: {described(error)}"))
            return
        if values is None:
            steps.append(Step(node))
            return
        loop = self._loop(node.id)
        loop.values = values
        self._iterate(node, loop, steps, waits)

    def _iterate(self, node: CompiledNode, loop: _Loop, steps: list[Step], waits: list[NodeRecord]) -> None:
        values = loop.values or ()
        if loop.complete:
            outputs = [loop.records[index].output for index in range(len(values))]
            self._settle(NodeRecord(node.id, "succeeded", attempts=1, output=outputs))
            del self._loops[node.id]
            return
        for index in sorted(loop.unfinished):
            _continue(node, loop.unfinished[index], steps, waits)
        steps += (Step(node, index) for index in loop.unstarted(node.for_each_concurrency))

    def _wind_up(self) -> None:
        """Cancel what waits, and settle each `for_each` node once none of its items runs."""
        for record in list(self._nodes.values()):
            if record.state == "waiting":
                self._settle(_cancel(record))
        for name, loop in self._loops.items():
            for record in list(loop.unfinished.values()):
                if record.state == "waiting":
                    self._settle(_cancel(record))
            if loop.unfinished or name in self._nodes:
                continue
            culprit = min((item for item, record in loop.records.items() if record.state == "failed"), default=None)
            if culprit is None:
                self._settle(NodeRecord(name, "cancelled"))
            else:
                message = f"item {culprit}: {loop.records[culprit].error}"
                self._settle(NodeRecord(name, "failed", error=message))

    def _failure(self) -> ExecutionOutcome:
        for name in self.workflow.nodes:
            record = self._nodes.get(name)
            if record is not None and record.state == "failed":
                return ExecutionOutcome("failed", error=ExecutionError(name, record.error or "failed"))
        return ExecutionOutcome("failed", error=ExecutionError(None, "cancelled"))

    def _success(self) -> ExecutionOutcome:
        if self.workflow.result is not None:
            try:
                return ExecutionOutcome(
                    "succeeded", self.workflow.result.render(self._trigger_scope.seeing(self._views))
                )
            except ExpressionError as error:
                return ExecutionOutcome("failed", error=ExecutionError(None, str(error)))
            except Exception as error:  # noqa: BLE001 - whatever the result's expression raises is its failure
                message = f"internal error: {described(error)}"
                return ExecutionOutcome("failed", error=ExecutionError(None, message))
        return ExecutionOutcome("succeeded", self._last_output())

    def _last_output(self) -> Any:
        """The output of the node that finished last; null when every node was skipped."""
        succeeded = [record for record in self._nodes.values() if record.state == "succeeded"]
        if len(succeeded) < 2:
            return succeeded[0].output if succeeded else None
        output: Any = None
        latest: tuple[float, int] | None = None
        rounds: dict[str, int] = {}  # in which round of a run whose nodes take no time a node's users can begin
        for name, node in self.workflow.nodes.items():
            record = self._nodes[name]
            rounds[name] = max((rounds[need] for need in node.needs), default=0)
            if record.state != "succeeded":
                continue
            finished = (float("inf") if record.finished is None else record.finished, rounds[name])
            if latest is None or finished >= latest:
                output, latest = record.output, finished
            rounds[name] += 1
        return output

    def _settle(self, record: NodeRecord) -> None:
        self.put(record)
        self._settled.append(record)

    def _loop(self, name: str) -> _Loop:
        loop = self._loops.get(name)
        if loop is None:
            loop = self._loops[name] = _Loop()
        return loop


def _continue(node: CompiledNode, record: NodeRecord, steps: list[Step], waits: list[NodeRecord]) -> None:
    if record.state != "waiting":
        return
    if tried_again(record):
        steps.append(Step(node, record.item, record.attempts + 1, record.due or 0, record.crashes))
    else:
        waits.append(record)


def _cancel(record: NodeRecord) -> NodeRecord:
    return NodeRecord(
        record.node,
        "cancelled",
        record.item,
        record.attempts,
        record.input,
        error=record.error,
        started=record.started,
        child=record.child,
        crashes=record.crashes,
    )
