"""The tries of an execution's nodes: starts them, and turns their results into journal entries."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import structlog

from hub.engine.action.context import CallContext, NodeCall
from hub.engine.action.effects import EmbeddedEffects
from hub.engine.action.perform import perform
from hub.engine.action.results import TryFailed, TryResult, TrySucceeded, TryWaiting
from hub.engine.host import RunHost, RunServices
from hub.engine.run.children import Children
from hub.engine.run.journal_buffer import JournalBuffer
from hub.errors import ActionFailed, ExpressionError, StoreError, described
from hub.model.ids import write_id
from hub.model.stored.execution import ExecutionRecord, NewExecution, NodeRecord
from hub.model.times import NEVER
from hub.ports.timed_event import TimedEvent
from hub.workflows.definition.workflow import CompiledNode
from hub.workflows.effects import carry_out
from hub.workflows.expressions.references import masked
from hub.workflows.plan import tries
from hub.workflows.plan.planner import Planner, Step

__all__ = ["NodeTries"]

_log = structlog.get_logger("hub.engine")

_LONGEST_ERROR = 500

_JOURNAL_IS_EFFECT = frozenset({"sleep", "respond", "workflow.run"})
"""Actions whose whole effect is in the commit of their result, so no `running` entry has to be committed before."""


class NodeTries:
    """Starts the tries that the plan asks for and turns their results into entries.

    Attributes:
        answer: Output of the first `respond` node that has answered; nobody is told before its entry is committed.
    """

    __slots__ = (
        "_breaking_off",
        "_buffer",
        "_careful",
        "_children",
        "_ended",
        "_execution",
        "_host",
        "_org",
        "_planner",
        "_ready",
        "_services",
        "_tasks",
        "_wakeup",
        "answer",
    )  # fmt: skip

    def __init__(
        self,
        services: RunServices,
        host: RunHost,
        execution: NewExecution | ExecutionRecord,
        planner: Planner,
        *,
        buffer: JournalBuffer,
        children: Children,
        wakeup: TimedEvent,
        careful: bool,
    ) -> None:
        """`careful`: commit a `running` entry before every node, pure ones too: one may have ended the process."""
        self._services = services
        self._host = host
        self._execution = execution
        org = services.store.snapshot.orgs.get(execution.org)
        self._org = "" if org is None else org.name
        self._planner = planner
        self._buffer = buffer
        self._children = children
        self._wakeup = wakeup
        self._careful = careful
        self._breaking_off = False
        self._ready: list[tuple[Step, Any, int]] = []
        self._tasks: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._ended: list[tuple[Step, TryResult]] = []
        self.answer: Any = None

    @property
    def ready(self) -> bool:
        """Whether tries wait for the commit of their `running` entries."""
        return bool(self._ready)

    @property
    def under_way(self) -> bool:
        """Whether tries are running."""
        return bool(self._tasks)

    async def begin(self, step: Step) -> bool:
        """Begin a try. One without effects ends at once (True); any other waits for `launch`."""
        node, item = step.node, step.item
        now = self._services.clock.now()
        former = self._planner.record(node.id, item)
        started = now if former is None or former.started is None else former.started
        fault: TryFailed | None = None
        rendered: dict[str, Any] = {}
        seen: Any = rendered
        try:
            rendered = node.input(self._planner.scope(node, item))
            seen = masked(rendered) if node.connections else rendered
        except ExpressionError as error:
            fault = TryFailed(str(error), retryable=False)
        except Exception as error:  # noqa: BLE001 - logged, and the node's failure
            fault = self._unexpected(step, error)
        record = NodeRecord(node.id, "running", item, step.attempt, seen, started=started, crashes=step.crashes)
        self._planner.put(record)
        if fault is not None:
            self._settle(step, fault)
            return True
        if not self._careful and (node.pure or node.action.name in _JOURNAL_IS_EFFECT):
            self._settle(step, await self._perform(step, rendered, started))
            return True
        self._buffer.keep(record)
        self._ready.append((step, rendered, started))
        return False

    def launch(self) -> None:
        """Start the tries whose `running` entries are committed."""
        for step, rendered, started in self._ready:
            record = self._planner.record(step.node.id, step.item)
            if record is None or record.state != "running":
                continue  # a signal settled the node while the entry was being written
            task = asyncio.create_task(self._try(step, rendered, started))
            self._tasks[step.node.id, step.item] = task
        self._ready.clear()

    def collect(self) -> None:
        """Turn the results of tries that have ended into entries."""
        for step, result in self._ended:
            del self._tasks[step.node.id, step.item]
            self._settle(step, result)
            self._buffer.urgent = True
        self._ended.clear()

    async def break_off(self) -> None:
        """Cancel all running tries and wait for their end; tries that had ended before keep their results."""
        self._breaking_off = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        self.collect()
        self._tasks.clear()
        self._ready.clear()

    def void(self) -> None:
        """Do not count the tries that were broken off."""
        for node, item in self._planner.running:
            record = self._planner.record(node, item)
            if record is not None:
                self._keep(tries.interrupted(record))

    def unexpected(self, record: NodeRecord, error: Exception, now: int) -> NodeRecord:
        """The entry of a waiting node that could not be judged."""
        message = self._logged(record.node, error)
        return tries.failed(record, message, now, execution=self._execution.id)

    async def _try(self, step: Step, rendered: Any, started: int) -> None:
        try:
            result = await self._perform(step, rendered, started)
        except asyncio.CancelledError:
            if self._breaking_off:
                raise
            result = TryFailed("the action cancelled the task it ran in")
        self._ended.append((step, result))
        self._wakeup.set()

    async def _perform(self, step: Step, rendered: Any, started: int) -> TryResult:
        """The result of a try. Whatever goes wrong in it is the node's failure; only a cancellation passes."""
        try:
            return await self._attempt(step, rendered, started)
        except StoreError:
            raise  # nothing is wrong with the node: the execution is continued once the store works again
        except Exception as error:  # noqa: BLE001 - logged, and the node's failure
            return self._unexpected(step, error)

    def _unexpected(self, step: Step, error: Exception) -> TryFailed:
        return TryFailed(self._logged(step.node.id, error), retryable=False)

    def _logged(self, node: str, error: Exception) -> str:
        """The message of a node's failure by an error that nobody foresaw; it is logged, as a fault of the hub."""
        execution = write_id("exec", self._execution.id)
        _log.error("node_failed_unexpectedly", execution=execution, node=node, exc_info=error)
        return f"internal error: {described(error)}"[:_LONGEST_ERROR]

    async def _attempt(self, step: Step, rendered: Any, started: int) -> TryResult:
        called = NodeCall(self._execution, step.node.id, step.item, step.node.timeout)
        call = CallContext(called, self._org, self._services.egress, self._services.store.files)
        result = await perform(step.node, rendered, call, self._services.store.access, self._execution.org)
        if isinstance(result, TrySucceeded | TryFailed):
            return result
        try:
            return await carry_out(result, EmbeddedEffects(self._services, self._host, called, started))
        except ActionFailed as error:
            return TryFailed(str(error), error.retryable, error.retry_after)

    def _settle(self, step: Step, result: TryResult) -> None:
        """Turn the result of a try into its node's entry."""
        node, item = step.node, step.item
        record = self._planner.record(node.id, item)
        if record is None or record.state != "running":
            return
        now = self._services.clock.now()
        if isinstance(result, TryWaiting) and result.due is not None and result.due >= NEVER:
            result = TryFailed("the node would wait beyond the end of the calendar", retryable=False)
        match result:
            case TryFailed(message, retryable, after):
                retry = node.retry if retryable else None
                record = tries.failed(
                    record, message, now, execution=self._execution.id, retry=retry, retry_after=after
                )
                self._keep(record)
            case TryWaiting(due, output, child):
                record = replace(
                    record, state="waiting", due=due, output=output, child=None if child is None else child.id
                )
                self._keep(record)
                self._create(child)
                self._buffer.urgent = True
            case TrySucceeded(output, child, answer):
                self._succeed(node, replace(record, state="succeeded", output=output, finished=now))
                self._create(child)
                if answer is not None and self.answer is None:
                    self.answer = answer
                    self._buffer.urgent = True

    def _succeed(self, node: CompiledNode, record: NodeRecord) -> None:
        self._planner.put(record)
        if record.item < 0 or not node.pure:
            self._buffer.keep(record)  # a single item of a pure node is computed again after a crash

    def _create(self, child: NewExecution | None) -> None:
        if child is not None:
            self._buffer.children.append(child)
            self._buffer.urgent = True
            self._children.created(child.id)

    def _keep(self, record: NodeRecord) -> None:
        self._planner.put(record)
        self._buffer.keep(record)
