"""One execution in memory, while this process holds its lease: until it has finished or rests in the store.

Journal entries are collected and written together: before an effect begins, as soon as one has ended, with an early
answer, and at the end. So a chain of pure nodes costs one write, and the entry of a node is committed before an effect
that depends on it begins. One task drives an execution; only tries with effects run in tasks of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from hub.engine.host import RunHost, RunServices
from hub.engine.run.children import Children
from hub.engine.run.journal_buffer import JournalBuffer
from hub.engine.run.node_tries import NodeTries
from hub.engine.views import view_of
from hub.errors import Fenced, Invalid, NotFound, StoreError
from hub.model.ids import Id, write_id
from hub.model.stored.execution import ExecutionChange, ExecutionError, ExecutionRecord, Lease, NewExecution, NodeRecord
from hub.model.times import NEVER, SECOND
from hub.ports.timed_event import TimedEvent
from hub.workflows.definition.workflow import Workflow
from hub.workflows.plan import tries
from hub.workflows.plan.answers import RESPOND, first_answer
from hub.workflows.plan.planner import ExecutionOutcome, Plan, Planner

__all__ = ["Run"]

_CRASHES = 2 * tries.CRASHES
"""An execution fails after so many ends of the process in a row in which none of its nodes made progress."""

_LONGEST_ERROR = 500

_CHILDREN_SECONDS = 600
"""How long an execution rests at most before it looks at its children: one may have been deleted meanwhile."""

_MAX_BLOCKING_SECONDS = 0.005
"""How long nodes without effects may run in a row before other tasks of the event loop get a turn."""

_log = structlog.get_logger("hub.engine")


class Run:
    """Drives one execution; `main` runs as a task. Implements `hub.engine.host.RunState`.

    Attributes:
        execution: The execution as it was accepted or claimed.
        waiting: Whether it uses a slot of the lane of waiting senders.
        exclusive: Whether its end may let another execution of its workflow begin (a serial key, a limit).
        answer: What its `respond` node answered, once that is committed.
        silent: Whether no `respond` node has answered, and none can any more.
        done: Whether its end is committed.
    """

    __slots__ = (
        "_aborted",
        "_buffer",
        "_children",
        "_crashes",
        "_deadline",
        "_finished",
        "_host",
        "_journal",
        "_outcome",
        "_planner",
        "_services",
        "_started",
        "_stopping",
        "_task",
        "_tries",
        "_wakeup",
        "answer",
        "done",
        "exclusive",
        "execution",
        "silent",
        "waiting",
    )  # fmt: skip

    def __init__(
        self,
        services: RunServices,
        host: RunHost,
        execution: NewExecution | ExecutionRecord,
        lease: Lease,
        *,
        waiting: bool,
        journal: Sequence[NodeRecord] = (),
    ) -> None:
        """`journal`: the entries of an execution that was claimed, empty for a new one."""
        self.execution = execution
        self.waiting = waiting
        self.exclusive = execution.serial_key is not None
        self.answer: Any = None
        self.silent = False
        self.done = False
        self._services = services
        self._host = host
        self._journal = journal
        self._crashes, self._started = 0, execution.created
        if isinstance(execution, ExecutionRecord):
            self._crashes, self._started = execution.crashes, execution.started or execution.created
        self._wakeup = TimedEvent(services.clock)
        self._buffer = JournalBuffer(services, execution, lease)
        self._children = Children(services, execution.org, execution.id)
        self._planner: Planner | None = None
        self._tries: NodeTries | None = None
        self._deadline: int | None = None
        self._outcome: ExecutionOutcome | None = None
        self._finished: int | None = None
        self._stopping = False
        self._aborted = False
        self._task: asyncio.Task[Any] | None = None

    async def main(self) -> None:
        """Drive the execution until it has finished or rests."""
        self._task = asyncio.current_task()
        try:
            if not self._aborted:
                await self._drive()
        except asyncio.CancelledError:
            if not self._aborted:
                raise
        except Fenced:
            _log.info("execution lost", execution=write_id("exec", self.execution.id))
        except StoreError:
            raise  # nothing is wrong with the execution: it is claimed again when its lease ends
        except Exception as error:  # noqa: BLE001 - logged, and the execution's failure
            # Nobody foresaw this, and another try would come here again: better a failure that people see than an
            # execution that runs for ever and keeps its slot and its serial key.
            _log.exception("execution_failed_unexpectedly", execution=write_id("exec", self.execution.id))
            await self._fail(f"internal error: {type(error).__name__}: {error}"[:_LONGEST_ERROR])
        finally:
            if self._tries is not None:
                await self._tries.break_off()

    def abort(self) -> None:
        """Break the execution off and write nothing: it was cancelled, or another process has it now."""
        self._aborted = True
        if self._task is not None:
            self._task.cancel()

    def stop(self) -> None:
        """Hand the execution back to the store soon; tries that are running are broken off and do not count."""
        self._stopping = True
        self._wakeup.set()

    def child_finished(self, child: Id) -> None:
        """A child has finished in this process."""
        self._children.finished(child)
        self._wakeup.set()

    def signal(self, node: str, value: Any) -> None:
        """The store has settled the waiting `node` with `value` as its output."""
        record = None if self._planner is None else self._planner.record(node)
        if self._planner is not None and record is not None and record.state in {"waiting", "running"}:
            # running: its next try began while the signal was being stored; the result of that try is ignored
            now = self._services.clock.now()
            self._planner.put(replace(record, state="succeeded", output=value, finished=now, due=None))
            self._buffer.drop(node)
            self._wakeup.set()

    async def _drive(self) -> None:
        try:
            workflow = await self._services.versions.of(self.execution)
        except (NotFound, Invalid) as error:
            await self._fail(_unusable(error))
            return
        planner, trying = self._recover(workflow)
        if self._crashes >= _CRASHES:
            await self._fail(f"the hub's process ended {self._crashes} times in a row in this execution")
            return
        while not await self._advance(planner, trying):
            pass

    def _recover(self, workflow: Workflow) -> tuple[Planner, NodeTries]:
        now = self._services.clock.now()
        self._planner = planner = Planner(workflow, self.execution.trigger)
        for record in self._journal:
            if record.state == "running":
                self._keep(planner, tries.crashed(record, now))
            else:
                planner.put(record)
        self.answer = first_answer(workflow, self._journal)
        self._journal = ()
        self._tries = NodeTries(
            self._services,
            self._host,
            self.execution,
            planner,
            buffer=self._buffer,
            children=self._children,
            wakeup=self._wakeup,
            careful=self._crashes > 0,
        )
        self.exclusive = self.exclusive or workflow.concurrency is not None
        if workflow.deadline_seconds is not None:
            self._deadline = self._started + int(workflow.deadline_seconds * SECOND)
        return planner, self._tries

    async def _advance(self, planner: Planner, trying: NodeTries) -> bool:
        """Take one step; whether it was the last one in this process."""
        plan = planner.plan()
        self._note_silence(planner, trying)
        now = self._services.clock.now()
        for record in plan.settled:
            self._keep(planner, replace(record, started=record.started or now, finished=now))
            if record.child is not None and record.state == "cancelled":
                self._children.orphans.append(record.child)
        if plan.outcome is not None:
            await self._finish(plan.outcome)
        elif self._deadline is not None and now >= self._deadline:
            await self._expire(planner, trying)
        elif self._stopping:
            await self._hand_back(trying)
        else:
            return not await self._take_up(plan, now, planner, trying) and await self._go_on(plan, now, trying)
        return True

    def _note_silence(self, planner: Planner, trying: NodeTries) -> None:
        """Tell those who wait for an answer as soon as there can be none. That needs no commit: it promises nothing."""
        if not self.silent and trying.answer is None and self.answer is None and not planner.may_still_run(RESPOND):
            self.silent = True
            self._host.run_silent(self)

    async def _go_on(self, plan: Plan, now: int, trying: NodeTries) -> bool:
        """Write what has to be written and start the tries that waited for it, or wait; whether the execution rests."""
        if trying.ready or (self._buffer.urgent and trying.under_way):
            await self._write()
            trying.launch()
        elif trying.under_way:
            await self._wakeup.wait(self._until(plan))
            trying.collect()
        else:
            return await self._rest(plan, now)
        return False

    async def _take_up(self, plan: Plan, now: int, planner: Planner, trying: NodeTries) -> bool:
        """Begin the steps of the plan, without effects so far; whether the plan is out of date now."""
        done = False
        loop = asyncio.get_running_loop()
        since = loop.time()
        for step in plan.steps:
            if step.due <= now:
                done |= await trying.begin(step)
                if loop.time() - since > _MAX_BLOCKING_SECONDS:
                    await asyncio.sleep(0)
                    since = loop.time()
        for record in plan.waits:
            try:
                settled = await self._look(record, now, planner)
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - logged, and the node's failure
                settled = trying.unexpected(record, error, now)
            if settled is not None:
                self._keep(planner, settled)
                self._buffer.urgent = done = True
        return done

    async def _look(self, record: NodeRecord, now: int, planner: Planner) -> NodeRecord | None:
        """The new entry of a waiting node that can continue, None if it has to wait on."""
        retry = planner.workflow.nodes[record.node].retry
        if record.child is not None:
            return await self._children.look(record, record.child, retry)
        if record.due is not None and record.due <= now:
            return tries.woken(record, now, execution=self.execution.id, retry=retry)
        return None

    def _until(self, plan: Plan) -> int | None:
        """When to look at the plan again if nothing happens before, microseconds UTC."""
        times = (plan.due, self._deadline, self._children.next_look(plan.waits))
        return min((due for due in times if due is not None), default=None)

    async def _rest(self, plan: Plan, now: int) -> bool:
        """Give up the lease and wait in the store (True), unless something is due already."""
        look = now + _CHILDREN_SECONDS * SECOND if any(wait.child is not None for wait in plan.waits) else None
        due = min((due for due in (plan.due, self._deadline, look) if due is not None), default=NEVER)
        if due <= now:
            return False
        await self._write(ExecutionChange(state="waiting", due=due, release=True))
        self._host.run_rests(due)
        return True

    async def _finish(self, outcome: ExecutionOutcome) -> None:
        now = self._services.clock.now()
        self._outcome = outcome
        self._finished = now
        await self._write(
            ExecutionChange(state=outcome.state, result=outcome.result, error=outcome.error, finished=now, release=True)
        )
        self.done = True
        self._host.run_finished(self)

    async def _fail(self, message: str) -> None:
        await self._finish(ExecutionOutcome("failed", error=ExecutionError(None, message)))

    async def _expire(self, planner: Planner, trying: NodeTries) -> None:
        """The deadline of the workflow has passed."""
        await trying.break_off()
        now = self._services.clock.now()
        for record in planner.cancelled():
            self._keep(planner, replace(record, finished=now))
            if record.child is not None:
                self._children.orphans.append(record.child)
        await self._fail(f"not finished within {planner.workflow.deadline_seconds:g} s")

    async def _hand_back(self, trying: NodeTries) -> None:
        """Leave the rest to the process that claims the execution next."""
        await trying.break_off()
        trying.void()
        now = self._services.clock.now()
        await self._write(ExecutionChange(state="waiting", due=now, release=True))

    async def _write(self, change: ExecutionChange | None = None) -> None:
        entries = self._buffer.entries
        created = await self._buffer.write(change)
        self._host.run_wrote(self, entries, change)
        if created:
            self._host.children_created(created)
        if self.answer is None and self._tries is not None and self._tries.answer is not None:
            self.answer = self._tries.answer
            self._host.run_answered(self)
        while self._children.orphans:
            await self._host.cancel(self.execution.org, self._children.orphans.pop())

    def _keep(self, planner: Planner, record: NodeRecord) -> None:
        planner.put(record)
        self._buffer.keep(record)

    def view(self) -> ExecutionRecord:
        """See `RunState`."""
        outcome = self._outcome
        return view_of(
            self.execution,
            "running" if outcome is None else outcome.state,
            result=None if outcome is None else outcome.result,
            error=None if outcome is None else outcome.error,
            started=self._started,
            finished=self._finished,
            answer=self.answer,
        )


def _unusable(error: NotFound | Invalid) -> str:
    if isinstance(error, NotFound):
        return "the workflow was deleted"
    faults = "; ".join(f"{problem.pointer} {problem.message}" for problem in error.problems)
    return f"this version cannot run any more: {faults or error.detail}"
