"""What a kind of job says of itself: what it counts, what one step does, and what may be done to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from hub.errors import Invalid, Problem
from hub.model.stored.jobs import Job, JobAction

__all__ = ["JobKind", "JobOrder", "JobStep", "JobWait", "closed_span"]


@dataclass(frozen=True, slots=True)
class JobOrder:
    """A job to begin: its kind and its parameters, which are kept as JSON.

    With `"dry_run": true` among them the job counts and ends.
    """

    kind: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobStep:
    """A step that was taken.

    Attributes:
        cursor: Where the job goes on after it.
        done: Things handled in it.
        failed: Things that could not be handled.
        error: Why the last of these could not: one sentence.
    """

    cursor: str
    done: int = 0
    failed: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class JobWait:
    """Nothing is to be done before `until` (microseconds UTC)."""

    until: int


class JobKind(ABC):
    """One kind of job.

    Attributes:
        name: As the API and the store call it.
        may: What people may do to such a job. Pausing and cancelling take effect between two steps.
        alone: There may be one such job at a time, in all orgs together.
        repeats: Microseconds from its end until it begins again, None for a job that ends for good. The runner makes
            such a job by itself, once.
    """

    name: ClassVar[str]
    may: ClassVar[frozenset[JobAction]] = frozenset(("pause", "resume", "cancel"))
    alone: ClassVar[bool] = False
    repeats: ClassVar[int | None] = None

    @abstractmethod
    async def count(self, job: Job) -> int:
        """How many things are left to handle behind `job.cursor`.

        Raises:
            HubError: The job cannot go on; `str()` is a sentence for people.
        """

    @abstractmethod
    def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """Handle what is left behind `job.cursor`, one small step after the other.

        Each `JobStep` is kept before the next one begins. It is what a crash may repeat: a step is best one thing, or
        things that may be handled twice. A fault of one thing is counted in its step.

        Raises:
            HubError: The job cannot go on; `str()` is a sentence for people.
        """


def closed_span(since: int, until: int | None, now: int) -> tuple[int, int]:
    """The span that a job goes through, microseconds UTC: it ends now at the latest, so that the job has an end.

    Raises:
        Invalid: The span is empty.
    """
    end = now if until is None else until
    if since >= end:
        raise Invalid("the span is empty", (Problem("/since", "must be before `until`"),))
    return since, min(end, now)
