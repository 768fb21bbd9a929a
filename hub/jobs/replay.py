"""Many replays: a job that counts first, works oldest first in small steps, tells its progress and can be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import structlog

from hub.errors import Conflict, HubError, Invalid, NotFound, Problem
from hub.inbound.replay.replayer import REPLAYABLE, Replayer
from hub.model.ids import Id, new_id, read_id, write_id
from hub.model.stored.access import Job
from hub.model.stored.inbound import RequestRecord
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["KIND", "ReplayJobs"]

log = structlog.get_logger(__name__)

KIND = "replay"
"""Kind of these jobs."""

_STEP = 50
_OPEN = ("counting", "running")


class ReplayJobs:
    """Runs replay jobs of all orgs in this process.

    Args:
        store: Where jobs and requests are.
        replayer: Runs one request again.
        clock: The hub's clock.
    """

    def __init__(self, store: Store, replayer: Replayer, clock: Clock) -> None:
        self._store = store
        self._replayer = replayer
        self._clock = clock
        self._running: dict[Id, asyncio.Task[None]] = {}
        self._stop: set[Id] = set()

    async def start(self) -> None:
        """Go on with the jobs that a stop or crash interrupted."""
        for job in await self._store.access.open_jobs():
            if job.kind == KIND and job.state in _OPEN:
                self._run(job)

    async def stop(self) -> None:
        """Let each job end the request that it is at; the jobs go on at the next start."""
        self._stop.update(self._running)
        await self.settled()

    async def settled(self) -> None:
        """Return once no job runs."""
        while self._running:
            await asyncio.gather(*self._running.values())

    async def begin(
        self, org: Id, *, source: Id | None = None, state: str | None = None, since: int = 0, until: int | None = None
    ) -> Job:
        """Begin to replay the requests of a span; replays among them are left out.

        Args:
            org: Whose requests.
            source: Of this source only.
            state: `accepted`, `held` or `duplicate`; left out: accepted and held ones.
            since: Received from then on, microseconds UTC.
            until: Received before then; now, if left out.

        Raises:
            Invalid: The span is empty, or the state is none that can be replayed.
        """
        now = self._clock.now()
        end = now if until is None else min(until, now)
        if since >= end:
            raise Invalid("there is nothing to replay", (Problem("/since", "must be before `until`"),))
        if state is not None and state not in REPLAYABLE:
            raise Invalid("the state cannot be replayed", (Problem("/state", "accepted, held or duplicate"),))
        params = {
            "source": None if source is None else write_id("src", source),
            "state": state,
            "since": since,
            "until": end,
        }
        job = Job(org, new_id(), KIND, params, "counting", 0, 0, 0, "", now, now)
        await self._put(job)
        self._run(job)
        return job

    async def cancel(self, org: Id, job: Id) -> Job:
        """End a job; the replays that it has made stay. Raises `NotFound`, `Conflict` when it has ended."""
        found = await self._store.access.job(org, job)
        if found.kind != KIND:
            raise NotFound("no such job")
        task = self._running.get(job)
        if task is not None:
            self._stop.add(job)
            await asyncio.wait({task})
        current = await self._store.access.job(org, job)
        if current.state not in _OPEN:
            raise Conflict(f"the job is {current.state}")
        return await self._put(replace(current, state="cancelled"))

    def _run(self, job: Job) -> None:
        task = asyncio.create_task(self._work(job), name="hub-replay")
        self._running[job.id] = task
        task.add_done_callback(lambda _: self._ended(job.id))

    def _ended(self, job: Id) -> None:
        self._running.pop(job, None)
        self._stop.discard(job)

    async def _work(self, job: Job) -> None:
        try:
            if job.state == "counting":
                total = 0
                async for page in self._pages(job):
                    total += len(page)
                job = await self._put(replace(job, state="running", total=total))
            async for page in self._pages(job):
                for record in page:
                    if job.id in self._stop:
                        return
                    job = await self._one(job, record)
                await self._put(job)
            await self._put(replace(job, state="done"))
        except HubError as error:
            log.warning("replay job failed", job=write_id("job", job.id), error=str(error))
            with contextlib.suppress(HubError):
                await self._put(replace(job, state="failed", error=str(error)))

    async def _one(self, job: Job, record: RequestRecord) -> Job:
        """Replay one request; the job's place is kept after each, so that a crash repeats one at most."""
        try:
            await self._replayer.replay(job.org, record.id)
        except (Conflict, NotFound) as error:
            log.info("not replayed", request=write_id("req", record.id), error=str(error))
            return await self._put(replace(job, failed=job.failed + 1, error=str(error), cursor=record.id.hex()))
        return await self._put(replace(job, done=job.done + 1, cursor=record.id.hex()))

    async def _pages(self, job: Job) -> AsyncIterator[list[RequestRecord]]:
        """The requests of the job from its cursor on, oldest first."""
        params = job.params
        source = read_id("src", params["source"]) if params["source"] else None
        wanted = {params["state"]} if params["state"] else {"accepted", "held"}
        cursor: str | None = job.cursor or _before(params["since"])
        while cursor is not None:
            page = await self._store.inbound.requests(
                job.org, source=source, state=params["state"], limit=_STEP, cursor=cursor, oldest_first=True
            )
            fit = [one for one in page.items if one.state in wanted and one.replay_of is None]
            yield [one for one in fit if params["since"] <= one.received < params["until"]]
            past = bool(page.items) and page.items[-1].received >= params["until"]
            cursor = None if past else page.next

    async def _put(self, job: Job) -> Job:
        job = replace(job, updated=self._clock.now())
        await self._store.access.put_job(job)
        return job


def _before(moment: int) -> str:
    """A cursor before all requests received at `moment` (microseconds UTC) or later: ids begin with their time.

    A minute earlier than that, since a clock may have been corrected between the two readings of it.
    """
    milliseconds = max(0, moment // 1_000 - 60_000)
    return (milliseconds << 80).to_bytes(16).hex()
