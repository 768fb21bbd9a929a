"""Retrying the failed executions of a span: one retry is one step, oldest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from hub.errors import Conflict, NotFound
from hub.jobs.kind import JobKind, JobOrder, JobStep, JobWait, closed_span
from hub.model.ids import Id, read_id, write_id
from hub.model.stored.jobs import Job, RetrySelection
from hub.ports.engine import Engine
from hub.ports.store import Executions

__all__ = ["RetryExecutions", "retry_order"]

_PAGE = 200


def retry_order(
    *,
    state: str,
    since: int,
    until: int | None,
    now: int,
    workflow: Id | None = None,
    source: Id | None = None,
    dry_run: bool = False,
) -> JobOrder:
    """An order to retry the executions of a span of time, except those that another execution started.

    A retry of that other execution starts them again, so that they would run twice.

    Args:
        state: `failed` or `cancelled`.
        since: Created from then on, microseconds UTC.
        until: Created before then; now, if left out.
        now: Microseconds UTC.
        workflow: Of this workflow only.
        source: Started by requests to this source only.
        dry_run: Count only.

    Raises:
        Invalid: The span is empty.
    """
    since, until = closed_span(since, until, now)
    params = {
        "workflow": None if workflow is None else write_id("wf", workflow),
        "source": None if source is None else write_id("src", source),
        "state": state,
        "since": since,
        "until": until,
        "dry_run": dry_run,
    }
    return JobOrder(RetryExecutions.name, params)


class RetryExecutions(JobKind):
    """Counts the executions of the span, then queues them again one by one.

    Args:
        executions: Stores the executions.
        engine: Runs them from their failed nodes, each on the version that it began with.
    """

    name = "retry"

    def __init__(self, executions: Executions, engine: Engine) -> None:
        self._executions = executions
        self._engine = engine

    async def count(self, job: Job) -> int:
        """See `JobKind`."""
        return await self._executions.count_retryable(_selection(job), after=_place(job))

    async def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """See `JobKind`."""
        selection, after = _selection(job), _place(job)
        while executions := await self._executions.retryable(selection, after=after, limit=_PAGE):
            for execution in executions:
                yield await self._retry(job.org, execution)
            after = executions[-1]

    async def _retry(self, org: Id, execution: Id) -> JobStep:
        try:
            await self._engine.retry(org, execution)
        except (Conflict, NotFound) as error:
            return JobStep(execution.hex(), failed=1, error=f"{write_id('exec', execution)} was not retried: {error}")
        return JobStep(execution.hex(), done=1)


def _selection(job: Job) -> RetrySelection:
    params = job.params
    return RetrySelection(
        org=job.org,
        state=params["state"],
        since=params["since"],
        until=params["until"],
        workflow=None if params["workflow"] is None else read_id("wf", params["workflow"]),
        source=None if params["source"] is None else read_id("src", params["source"]),
    )


def _place(job: Job) -> Id | None:
    return bytes.fromhex(job.cursor) if job.cursor else None
