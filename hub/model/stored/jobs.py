"""Jobs: long work over many things, with counts and progress, that can be paused and cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.model.ids import Id
from hub.model.stored.execution import Lease

__all__ = [
    "JOB_STATES",
    "MOST_UNFINISHED",
    "UNFINISHED_JOB",
    "WORKING_JOB",
    "ClaimedJob",
    "Job",
    "JobAction",
    "JobState",
    "ReplaySelection",
    "RetrySelection",
]

JobState = Literal["counting", "running", "paused", "done", "cancelled", "failed"]
JobAction = Literal["pause", "resume", "cancel"]

JOB_STATES: tuple[JobState, ...] = ("counting", "running", "paused", "done", "cancelled", "failed")

WORKING_JOB: tuple[JobState, ...] = ("counting", "running")
"""States in which a process works on a job, or may claim it."""

UNFINISHED_JOB: tuple[JobState, ...] = (*WORKING_JOB, "paused")

MOST_UNFINISHED = 200
"""Unfinished jobs that an org may have; each costs the process that works on it a task."""


@dataclass(frozen=True, slots=True)
class Job:
    """Long work over many things: they are counted first and then handled one after the other.

    Attributes:
        kind: What the job does; `hub.jobs` has one file for each kind.
        params: What it does it to, as its kind reads it.
        total: How many things there are to handle. 0 while they are being counted; raised when more turn up than were
            counted.
        done: Things that were handled.
        failed: Things that could not be handled. A job goes on after such a thing; `failed` as its state means that
            the job itself could not go on.
        cursor: Behind the last thing handled, as its kind writes it; empty before the first.
        created: Microseconds UTC.
        updated: When it last made progress or changed its state, microseconds UTC.
        error: Why the job failed, else why the last of the failed things did: one sentence, empty without either.
    """

    org: Id
    id: Id
    kind: str
    params: Mapping[str, Any]
    state: JobState
    total: int
    done: int
    failed: int
    cursor: str
    created: int
    updated: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job with the lease just won.

    Attributes:
        taken_over: The process that had it ended, or lost its lease, without saying how far it got.
        crashes: How often that has happened since the job last made progress.
    """

    job: Job
    lease: Lease
    taken_over: bool = False
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class ReplaySelection:
    """Requests to replay; replays among them are left out.

    Attributes:
        states: `accepted`, `held` or `duplicate`, one or more.
        since: Received from then on, microseconds UTC.
        until: Received before then.
        source: Of this source only.
    """

    org: Id
    states: frozenset[str]
    since: int
    until: int
    source: Id | None = None


@dataclass(frozen=True, slots=True)
class RetrySelection:
    """Executions to retry. Those that another execution started are left out: it starts them again.

    Attributes:
        state: `failed` or `cancelled`.
        since: Created from then on, microseconds UTC.
        until: Created before then.
        workflow: Of this workflow only.
        source: Started by requests to this source only.
    """

    org: Id
    state: str
    since: int
    until: int
    workflow: Id | None = None
    source: Id | None = None
