"""Replaying the requests of a span: one replay is one step, oldest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from hub.errors import Conflict, Invalid, NotFound, Problem
from hub.inbound.replay.replayer import REPLAYABLE, Replayer
from hub.jobs.kind import JobKind, JobOrder, JobStep, JobWait, closed_span
from hub.model.ids import Id, read_id, write_id
from hub.model.stored.jobs import Job, ReplaySelection
from hub.ports.store import InboundStore

__all__ = ["ReplayRequests", "replay_order"]

_PAGE = 50
_UNLESS_SAID = frozenset({"accepted", "held"})


def replay_order(
    *,
    since: int,
    until: int | None,
    now: int,
    source: Id | None = None,
    state: str | None = None,
    dry_run: bool = False,
) -> JobOrder:
    """An order to replay the requests of a span of time, except those that are replays themselves.

    Args:
        since: Received from then on, microseconds UTC.
        until: Received before then; now, if left out.
        now: Microseconds UTC.
        source: Of this source only.
        state: `accepted`, `held` or `duplicate`; left out: accepted and held ones.
        dry_run: Count only.

    Raises:
        Invalid: The span is empty, or requests in that state cannot be replayed.
    """
    since, until = closed_span(since, until, now)
    if state is not None and state not in REPLAYABLE:
        raise Invalid("requests in that state cannot be replayed", (Problem("/state", "accepted, held or duplicate"),))
    params = {
        "source": None if source is None else write_id("src", source),
        "state": state,
        "since": since,
        "until": until,
        "dry_run": dry_run,
    }
    return JobOrder(ReplayRequests.name, params)


class ReplayRequests(JobKind):
    """Counts the requests of the span, then replays them one by one.

    Args:
        inbound: Stores the requests.
        replayer: Replays one request.
    """

    name = "replay"

    def __init__(self, inbound: InboundStore, replayer: Replayer) -> None:
        self._inbound = inbound
        self._replayer = replayer

    async def count(self, job: Job) -> int:
        """See `JobKind`."""
        return await self._inbound.count_replayable(_selection(job), after=_place(job))

    async def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """See `JobKind`."""
        selection, after = _selection(job), _place(job)
        while requests := await self._inbound.replayable(selection, after=after, limit=_PAGE):
            for request in requests:
                yield await self._replay(job.org, request)
            after = requests[-1]

    async def _replay(self, org: Id, request: Id) -> JobStep:
        try:
            await self._replayer.replay(org, request)
        except (Conflict, NotFound) as error:
            return JobStep(request.hex(), failed=1, error=f"{write_id('req', request)} was not replayed: {error}")
        return JobStep(request.hex(), done=1)


def _selection(job: Job) -> ReplaySelection:
    params = job.params
    return ReplaySelection(
        org=job.org,
        states=_UNLESS_SAID if params["state"] is None else frozenset({params["state"]}),
        since=params["since"],
        until=params["until"],
        source=None if params["source"] is None else read_id("src", params["source"]),
    )


def _place(job: Job) -> Id | None:
    return bytes.fromhex(job.cursor) if job.cursor else None
