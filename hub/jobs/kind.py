"""The interface of a kind of job: what it counts, what one step does, and which actions it allows."""

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
    """A job to begin: its kind and its parameters, which are stored as JSON.

    With the parameter `"dry_run": true` the job counts its things and ends.
    """

    kind: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobStep:
    """A step that is done.

    Attributes:
        cursor: Where the job continues after it.
        done: Things that were handled in it.
        failed: Things that could not be handled.
        error: Why the last failed thing could not be handled: one sentence.
    """

    cursor: str
    done: int = 0
    failed: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class JobWait:
    """There is nothing to do before `until` (microseconds UTC)."""

    until: int


class JobKind(ABC):
    """One kind of job.

    Attributes:
        name: Its name in the API and the store.
        may: The actions that it allows. Pausing and cancelling take effect between two steps.
        alone: Whether only one such job may exist at a time, in all orgs together.
        repeats: Microseconds from the end of such a job until it begins again; None if it does not. The runner creates
            a job that repeats by itself, once.
    """

    name: ClassVar[str]
    may: ClassVar[frozenset[JobAction]] = frozenset(("pause", "resume", "cancel"))
    alone: ClassVar[bool] = False
    repeats: ClassVar[int | None] = None

    @abstractmethod
    async def count(self, job: Job) -> int:
        """How many things are left to handle after `job.cursor`.

        Raises:
            HubError: The job cannot go on; `str()` says why in a sentence.
        """

    @abstractmethod
    def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """Handle what is left after `job.cursor`, in small steps.

        Each `JobStep` is stored before the next one begins. A crash may repeat a step, so that it should handle one
        thing, or things that can be handled twice. An error with one thing is counted and does not end the job.

        Raises:
            HubError: The job cannot go on; `str()` says why in a sentence.
        """


def closed_span(since: int, until: int | None, now: int) -> tuple[int, int]:
    """The span of time that a job goes through, microseconds UTC. It ends now at the latest, so that the job ends.

    Raises:
        Invalid: The span is empty.
    """
    end = now if until is None else until
    if since >= end:
        raise Invalid("the span is empty", (Problem("/since", "must be before `until`"),))
    return since, min(end, now)
