"""Jobs: who works on them, and how far they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update

from hub.errors import Conflict, Fenced, NotFound
from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.model.stored.execution import Lease
from hub.model.stored.jobs import MOST_UNFINISHED, UNFINISHED_JOB, WORKING_JOB, ClaimedJob, Job, JobAction, JobState
from hub.ports.store.page import Page
from hub.store.sql.paging import page
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import jobs
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlJobs"]

_J = jobs.c
_WORKING = _J.state.in_(WORKING_JOB)
_STEERED = _J.state.in_(("paused", "cancelled"))
_FROM: dict[JobAction, tuple[JobState, ...]] = {
    "pause": WORKING_JOB,
    "resume": ("paused",),
    "cancel": UNFINISHED_JOB,
}
_ONLY: dict[JobAction, str] = {
    "pause": "only one that is counting or running can be paused",
    "resume": "only a paused one can be resumed",
    "cancel": "only an unfinished one can be cancelled",
}


class SqlJobs:
    """Implements `hub.ports.store.Jobs`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer

    async def create(
        self, job: Job, *, lease: Lease | None = None, due: int | None = None, alone: bool = False
    ) -> None:
        """See `hub.ports.store.Jobs.create`."""
        ready = lease.until if lease is not None else job.created if due is None else due
        row = {
            "org": job.org,
            "id": job.id,
            "kind": job.kind,
            "params": dumps(job.params),
            "created": job.created,
            "owner": None if lease is None else lease.owner,
            "fence": 0 if lease is None else lease.fence,
            "ready": ready,
            "crashes": 0,
            **_progress(job),
            "state": job.state,
        }

        def work(transaction: Transaction) -> None:
            if alone:
                _refuse_second(transaction, job)
            else:
                _refuse_too_many(transaction, job)
            transaction.execute(insert(jobs), row)

        await self._writer.run(Priority.JOURNAL, work)

    async def get(self, org: Id, job: Id) -> Job:
        """See `hub.ports.store.Jobs.get`."""
        row = await self._database.first(select(jobs).where(_J.org == org, _J.id == job))
        if row is None:
            raise NotFound("no such job")
        return _job(row)

    async def list(
        self, org: Id, *, kind: str | None = None, state: str | None = None, limit: int, cursor: str | None = None
    ) -> Page[Job]:
        """See `hub.ports.store.Jobs.list`."""
        query = select(jobs).where(_J.org == org)
        if kind is not None:
            query = query.where(_J.kind == kind)
        if state is not None:
            query = query.where(_J.state == state)
        return await page(self._database, query, _J.id, _job, limit=limit, cursor=cursor)

    async def claim(self, owner: str, until: int, now: int, kinds: Collection[str]) -> tuple[ClaimedJob, ...]:
        """See `hub.ports.store.Jobs.claim`."""
        wanted = tuple(kinds)
        return await self._writer.run(
            Priority.JOURNAL, lambda transaction: _claim(transaction, owner, until, now, wanted)
        )

    async def next_due(self, kinds: Collection[str]) -> int | None:
        """See `hub.ports.store.Jobs.next_due`."""
        row = await self._database.first(select(func.min(_J.ready)).where(*_claimable(tuple(kinds))))
        return None if row is None else row[0]

    async def renew(self, owner: str, jobs: Sequence[Id], until: int) -> frozenset[Id]:
        """See `hub.ports.store.Jobs.renew`."""
        ids = tuple(jobs)
        return await self._writer.run(Priority.JOURNAL, lambda transaction: _renew(transaction, owner, ids, until))

    async def expire(self, owner: str, now: int) -> None:
        """See `hub.ports.store.Jobs.expire`."""
        mine = update(jobs).where(_J.owner == owner, _J.ready > now).values(ready=now)
        await self._writer.run(Priority.JOURNAL, lambda transaction: transaction.execute(mine))

    async def checkpoint(self, job: Job, fence: int) -> JobState:
        """See `hub.ports.store.Jobs.checkpoint`."""
        return await self._writer.run(Priority.JOURNAL, lambda transaction: _write(transaction, job, fence)[0])

    async def release(self, job: Job, fence: int, again: int | None = None) -> JobState:
        """See `hub.ports.store.Jobs.release`."""

        def work(transaction: Transaction) -> JobState:
            state, place = _write(transaction, job, fence)
            # It may have been resumed since the owner last looked, and then found its owner still there: so it is the
            # state of this moment that says whether somebody is to go on.
            ready = job.updated if state in WORKING_JOB else again if state == job.state else None
            transaction.execute(update(jobs).where(place).values(owner=None, ready=ready))
            return state

        return await self._writer.run(Priority.JOURNAL, work)

    async def steer(self, org: Id, job: Id, action: JobAction, now: int) -> Job:
        """See `hub.ports.store.Jobs.steer`."""
        return await self._writer.run(
            Priority.JOURNAL, lambda transaction: _steer(transaction, (org, job), action, now)
        )


_ALIVE = or_(_J.state.in_(UNFINISHED_JOB), _J.ready.is_not(None))
"""Unfinished, or ended and to begin again."""


def _refuse_second(transaction: Transaction, job: Job) -> None:
    if transaction.first(select(_J.id).where(_J.kind == job.kind, _ALIVE)) is not None:
        raise Conflict(f"a job of the kind {job.kind} is there already and has not ended")


def _refuse_too_many(transaction: Transaction, job: Job) -> None:
    unfinished = select(func.count()).where(_J.org == job.org, _J.state.in_(UNFINISHED_JOB))
    if transaction.execute(unfinished).scalar_one() >= MOST_UNFINISHED:
        raise Conflict(f"the org has {MOST_UNFINISHED} unfinished jobs: wait for some to end, or cancel some")


def _claimable(kinds: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return _J.ready.is_not(None), ~_STEERED, _J.kind.in_(kinds)


def _claim(transaction: Transaction, owner: str, until: int, now: int, kinds: Sequence[str]) -> tuple[ClaimedJob, ...]:
    due = select(jobs).where(*_claimable(kinds), _J.ready <= now).order_by(_J.ready, _J.id)
    won = []
    for row in transaction.execute(due).all():
        begins_again = row.state not in WORKING_JOB
        taken_over = row.owner is not None and not begins_again
        crashes = 0 if begins_again else row.crashes + taken_over
        values: dict[str, Any] = {"owner": owner, "ready": until, "fence": row.fence + 1, "crashes": crashes}
        job = _job(row)
        if begins_again:
            job = Job(job.org, job.id, job.kind, job.params, "counting", 0, 0, 0, "", job.created, now)
            values |= {"state": job.state, **_progress(job)}
        transaction.execute(update(jobs).where(_J.org == job.org, _J.id == job.id).values(values))
        won.append(ClaimedJob(job, Lease(owner, until, row.fence + 1), taken_over, crashes))
    return tuple(won)


def _renew(transaction: Transaction, owner: str, ids: Sequence[Id], until: int) -> frozenset[Id]:
    mine = and_(_J.owner == owner, _J.id.in_(ids))
    held = frozenset(transaction.execute(select(_J.id).where(mine)).scalars())
    if held:
        transaction.execute(update(jobs).where(mine).values(ready=until))
    return held


def _write(transaction: Transaction, job: Job, fence: int) -> tuple[JobState, ColumnElement[bool]]:
    """Keep how far a job is; the state that it now has, and where its row is."""
    place = and_(_J.org == job.org, _J.id == job.id)
    row = transaction.first(select(_J.state, _J.owner, _J.fence, _J.done, _J.failed, _J.cursor).where(place))
    if row is None or row.owner is None or row.fence != fence:
        raise Fenced("the job belongs to another process now")
    state: JobState = job.state if row.state in WORKING_JOB else row.state
    values: dict[str, Any] = {**_progress(job), "state": state}
    if (row.done, row.failed, row.cursor) != (job.done, job.failed, job.cursor):
        values["crashes"] = 0
    transaction.execute(update(jobs).where(place).values(values))
    return state, place


def _steer(transaction: Transaction, key: tuple[Id, Id], action: JobAction, now: int) -> Job:
    place = and_(_J.org == key[0], _J.id == key[1])
    row = transaction.first(select(jobs).where(place))
    if row is None:
        raise NotFound("no such job")
    if row.state not in _FROM[action]:
        raise Conflict(f"the job is {row.state}: {_ONLY[action]}")
    state: JobState = "cancelled" if action == "cancel" else "paused"
    values: dict[str, Any] = {}
    if action == "resume":
        # A job that was paused before its things were counted has to count them still.
        state = "counting" if not row.cursor and not row.total else "running"
        values["crashes"] = 0
    # An owner that has not noticed yet keeps its lease: it still has to say how far it got, and goes on if the job is
    # resumed before it notices. Without one the job is offered to everybody, or to nobody.
    if row.owner is None:
        values["ready"] = now if action == "resume" else None
    transaction.execute(update(jobs).where(place).values(state=state, updated=now, **values))
    changed = transaction.first(select(jobs).where(place))
    if changed is None:
        raise NotFound("no such job")
    return _job(changed)


def _progress(job: Job) -> dict[str, Any]:
    return {
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "cursor": job.cursor,
        "updated": job.updated,
        "error": job.error,
    }


def _job(row: Row[Any]) -> Job:
    return Job(
        org=row.org,
        id=row.id,
        kind=row.kind,
        params=loads(row.params),
        state=row.state,
        total=row.total,
        done=row.done,
        failed=row.failed,
        cursor=row.cursor,
        created=row.created,
        updated=row.updated,
        error=row.error,
    )
