"""The embedded engine: runs executions inside the hub's own process, on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import structlog

from hub.egress.client import Egress
from hub.engine.compiled_versions import CompiledVersions
from hub.engine.host import MessagePublisher, RunServices, RunState
from hub.engine.inline import InlineEvaluator
from hub.engine.reporter import ExecutionReporter
from hub.engine.run.run import Run
from hub.engine.run.waits import Waits
from hub.engine.views import view_of
from hub.engine.work.claims import Claims
from hub.engine.work.leases import Leases
from hub.engine.work.presence import Presence
from hub.engine.work.slots import Slots
from hub.errors import Invalid, NotFound
from hub.model.ids import Id, write_id
from hub.model.stored.execution import (
    Claimed,
    ExecutionChange,
    ExecutionRecord,
    Finished,
    Lease,
    NewExecution,
    NodeRecord,
)
from hub.model.times import SECOND
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["EmbeddedEngine"]

_IDLE = 5_000_000
"""Microseconds after which an idle engine looks for work that another process has left."""

_EVALUATED = 256
"""Executions that were accepted together with their end, kept in memory for the sender that is about to wait."""

_HAND_BACK_SECONDS = 10.0
"""How long handing executions back to the store may take when the engine stops."""

_log = structlog.get_logger("hub.engine")


class EmbeddedEngine:
    """Implements `hub.ports.engine.Engine` within one process; several processes may share a database."""

    def __init__(  # noqa: PLR0913 - its parts and its limits, by name
        self,
        *,
        store: Store,
        plugins: Plugins,
        egress: Egress,
        outbound: MessagePublisher,
        clock: Clock,
        owner: str,
        slots: int = 64,
        lease_seconds: float = 15.0,
        shutdown_seconds: float = 30.0,
        presence: Presence | None = None,
        gone: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """Make an engine that is not running yet.

        Args:
            store: Holds the executions.
            plugins: Gives the actions, the core's included, and is told what has finished.
            egress: For the calls of actions.
            outbound: For the `publish` action.
            clock: Decides what is due and which lease has ended.
            owner: Id of this process; no other process has it, nor had this one before a restart.
            slots: Executions that run at once.
            lease_seconds: A lease that is not renewed for so long ends, and another process takes over.
            shutdown_seconds: How long `stop` lets running executions finish.
            presence: Tells which other processes of this machine have ended, so that nobody waits for their leases.
            gone: Takes over the other work of such a process (its deliveries), given its id.
        """
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._owner = owner
        self._presence = presence
        self._lease = int(lease_seconds * SECOND)
        self._shutdown_seconds = shutdown_seconds
        self._services = RunServices(store, clock, CompiledVersions(store, lambda: plugins.actions), egress, outbound)
        self._runs: dict[Id, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = Slots(slots)
        self._claims = Claims(
            store.executions,
            clock,
            self._slots,
            owner=owner,
            lease=self._lease,
            patience=min(_IDLE, self._lease),
            found=self._claimed,
        )
        self._leases = Leases(
            store.executions,
            clock,
            owner=owner,
            lease=self._lease,
            presence=presence,
            gone=gone,
            held=self._leased,
            lost=self._abort,
        )
        self._waits = Waits(self._services, self._runs.__contains__)
        self._inline = InlineEvaluator()
        self._reporter = ExecutionReporter(plugins, store, clock)
        self._evaluated: dict[Id, ExecutionRecord] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start_running(self) -> None:
        """See `hub.ports.engine.Engine.start_running`. OSError: the file of this process cannot be locked."""
        if self._presence is not None:
            self._presence.enter()
        await self._leases.inherit()
        self._loops = [
            asyncio.create_task(self._claims.serve(), name="hub-claims"),
            asyncio.create_task(self._leases.serve(), name="hub-leases"),
            asyncio.create_task(self._waits.serve(), name="hub-waits"),
        ]

    async def stop(self) -> None:
        """See `hub.ports.engine.Engine.stop`. Executions get `shutdown_seconds` to finish."""
        self._stopping = True
        await _end(self._loops[:1])
        await self._tasks_done(self._shutdown_seconds)
        for run in self._runs.values():
            run.stop()
        await self._tasks_done(_HAND_BACK_SECONDS)
        for task in self._tasks:
            task.cancel()
        await self._tasks_done(None)
        await _end(self._loops[1:])
        self._loops = []
        if self._presence is not None:
            self._presence.leave()

    async def node_names(self, execution: ExecutionRecord) -> Mapping[str, str]:
        """See `hub.ports.engine.Engine.node_names`."""
        try:
            workflow = await self._services.versions.of(execution)
        except (NotFound, Invalid):
            return {}
        return {node.id: node.name or node.id for node in workflow.nodes.values()}

    def lease(self, *, waiting: bool = False) -> Lease | None:
        """See `hub.ports.engine.Engine.lease`."""
        if self._stopping or self._slots.free(waiting=waiting) <= 0 or (self._claims.backlog and not waiting):
            return None
        lease = Lease(self._owner, self._clock.now() + self._lease)
        self._slots.promise(lease, waiting=waiting)
        return lease

    def evaluate(self, workflow: Id, version: int, trigger: Mapping[str, Any]) -> Finished | None:
        """See `hub.ports.engine.Engine.evaluate`. Only versions that are compiled already are evaluated."""
        compiled = self._services.versions.cached(workflow, version)
        if compiled is None:
            return None
        return self._inline.evaluate((workflow, version), compiled, trigger, self._clock.now())

    def release(self, lease: Lease) -> None:
        """See `hub.ports.engine.Engine.release`."""
        self._slots.withdraw(lease)
        self._claims.slot_free()

    def saturated(self) -> bool:
        """See `hub.ports.engine.Engine.saturated`.

        That is while no slot is free for a waiting sender, and twice as many already wait as there are slots.
        """
        return self._stopping or (self._slots.free(waiting=True) <= 0 and self._waits.count >= 2 * self._slots.total)

    def start(self, executions: Sequence[NewExecution]) -> None:
        """See `hub.ports.engine.Engine.start`."""
        for execution in executions:
            if execution.finished is not None:
                self._tell_evaluated(execution, execution.finished)
                continue
            if execution.id in self._runs:
                continue
            lease = execution.lease
            waiting = None if lease is None else self._slots.redeem(lease)
            if lease is None or waiting is None:
                self._reporter.execution(execution, "queued")
                self.wake()
            else:
                self._spawn(Run(self._services, self, execution, lease, waiting=waiting))

    def wake(self) -> None:
        """See `hub.ports.engine.Engine.wake`."""
        self._claims.wake()

    async def wait(self, org: Id, execution: Id, deadline: int, *, answer_only: bool = False) -> ExecutionRecord | None:
        """See `hub.ports.engine.Engine.wait`."""
        run = self._runs.get(execution)
        if run is not None:
            if run.execution.org != org:
                raise NotFound("no such execution")
            if run.done or run.answer is not None or (answer_only and run.silent):
                return run.view()
        found = self._evaluated.pop(execution, None)
        if found is not None and found.org == org:
            return found
        return await self._waits.wait(org, execution, deadline, answer_only=answer_only)

    async def cancel(self, org: Id, execution: Id) -> bool:
        """See `hub.ports.engine.Engine.cancel`."""
        cancelled = await self._store.executions.cancel(org, execution, self._clock.now())
        if not cancelled:
            await self._store.executions.get(org, execution)  # raises NotFound
        for one in cancelled:
            self._abort(one)  # before anything is awaited: after a retry another run of it could be in its place
        self.wake()
        for one in cancelled:
            await self._waits.look(org, one)
        await self._reporter.stored(org, cancelled)
        return bool(cancelled)

    async def signal(self, org: Id, execution: Id, name: str, value: Any) -> None:
        """See `hub.ports.engine.Engine.signal`."""
        await self._store.executions.signal(org, execution, name, value, self._clock.now())
        run = self._runs.get(execution)
        if run is not None:
            run.signal(name, value)
        self.wake()

    async def retry(self, org: Id, execution: Id) -> None:
        """See `hub.ports.engine.Engine.retry`."""
        await self._store.executions.reopen(org, execution, self._clock.now())
        await self._reporter.stored(org, (execution,))
        self.wake()

    def children_created(self, children: Sequence[NewExecution]) -> None:
        """See `RunHost`."""
        self.start(children)

    def run_answered(self, run: RunState) -> None:
        """See `RunHost`."""
        self._waits.settle(run.execution.id, run.view)

    def run_silent(self, run: RunState) -> None:
        """See `RunHost`."""
        self._waits.settle(run.execution.id, run.view, answer_only=True)

    def run_finished(self, run: RunState) -> None:
        """See `RunHost`."""
        execution = run.execution
        self._waits.settle(execution.id, run.view)
        if execution.parent is not None:
            parent = self._runs.get(execution.parent)
            if parent is None:
                self._claims.due(self._clock.now())
            else:
                parent.child_finished(execution.id)
        if self._reporter.has_observers:
            view = run.view()
            self._reporter.execution(view, view.state)

    def _tell_evaluated(self, execution: NewExecution, finished: Finished) -> None:
        """Tell those who wait for an execution, or will in a moment, that it was accepted together with its end."""
        if execution.priority == 0:
            if len(self._evaluated) >= _EVALUATED:
                del self._evaluated[next(iter(self._evaluated))]
            self._evaluated[execution.id] = _record_of(execution, finished)
        if self._reporter.has_observers:
            self._reporter.nodes(execution, finished.nodes)
            self._reporter.execution(_record_of(execution, finished), "succeeded")

    def run_wrote(self, run: RunState, entries: Sequence[NodeRecord], change: ExecutionChange | None) -> None:
        """See `RunHost`."""
        self._reporter.nodes(run.execution, entries)
        if change is not None and change.state == "waiting":
            self._reporter.execution(run.execution, "waiting")

    def run_rests(self, due: int) -> None:
        """See `RunHost`."""
        self._claims.due(due)

    async def _tasks_done(self, seconds: float | None) -> None:
        """Wait until no run is left, at most so long."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)

    def _claimed(self, claimed: Sequence[Claimed]) -> None:
        for one in claimed:
            record = one.record
            waiting = record.priority == 0
            if record.id in self._runs:
                # this process had lost the lease, or has just handed the execution back, and that run is still ending
                self._abort(record.id)
            self._spawn(Run(self._services, self, record, one.lease, waiting=waiting, journal=one.nodes))

    def _spawn(self, run: Run) -> None:
        execution = run.execution.id
        self._runs[execution] = run
        self._reporter.execution(run.execution, "running")
        task = asyncio.create_task(run.main())
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(run, done))

    def _ended(self, run: Run, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.give(waiting=run.waiting)
        if self._runs.get(run.execution.id) is run:
            del self._runs[run.execution.id]
        if run.exclusive:
            self._claims.wake()
        else:
            self._claims.slot_free()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error(
                "execution stopped by an error in the engine",
                execution=write_id("exec", run.execution.id),
                exc_info=error,
            )

    def _abort(self, execution: Id) -> None:
        """Break a run off: its execution is cancelled, or another process has it now."""
        run = self._runs.pop(execution, None)
        if run is not None:
            run.abort()

    def _leased(self) -> Collection[Id]:
        self._slots.withdraw_older(self._clock.now())
        return self._runs.keys()


def _record_of(execution: NewExecution, finished: Finished) -> ExecutionRecord:
    """An execution that was accepted together with its end."""
    return view_of(execution, "succeeded", result=finished.result, started=execution.created, finished=finished.at)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
