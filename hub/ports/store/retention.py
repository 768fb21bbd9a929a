"""Removing what is old."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["RETENTION_KINDS", "FileSpace", "Pruned", "Retention", "RetentionKind"]

RetentionKind = Literal["requests", "executions", "messages", "audit", "jobs", "answers"]
"""requests: with their events, and claimed nonces. executions: with their journals. messages: with their deliveries
and attempts."""

RETENTION_KINDS: tuple[RetentionKind, ...] = ("requests", "executions", "messages", "audit", "jobs", "answers")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one step removed.

    Attributes:
        removed: Things of the kind; their parts are not counted.
        blobs: Blobs that nothing refers to any more, and which were therefore deleted from the blob store.
        cursor: Where the next step continues, None when nothing is left to look at.
    """

    removed: int
    blobs: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class FileSpace:
    """What a database takes of the disk, in bytes.

    Attributes:
        database: The whole database without its log.
        free: The part of it that holds nothing any more and is used again.
        log: The write-ahead log; 0 for a database that has none or does not tell.
    """

    database: int
    free: int
    log: int


class Retention(Protocol):
    """Removes old things of all orgs, in small steps, and tells what the rest takes of the disk."""

    async def prune(self, kind: RetentionKind, before: int, *, limit: int = 200, cursor: str | None = None) -> Pruned:
        """Look at up to `limit` things of `kind` and remove those that are older than `before`.

        Steps from the first one to cursor None remove everything that was old enough at the first step. Each step is
        one transaction. Every other write goes first. Age counts from the moment in brackets:

        - `requests` (received), with their events; the keys of these events are forgotten, so that an event with such
          a key is a new one. A request stays while it, or an event of it, is held. Nonces claimed before `before` are
          forgotten too, `limit` in each step.
        - `executions` (finished), with their journals. Unfinished ones stay.
        - `messages` (created), with their deliveries, attempts and bodies. A message stays while it is held, while a
          delivery of it is pending or paused, and while one is dead whose subscription still exists.
        - `audit` (at).
        - `answers` (claimed): those of idempotency keys, which are unknown from then on.
        - `jobs` (last updated). Jobs that are counting, running or paused, and those that begin again, stay.

        A blob is deleted after the commit of the step that removed the last reference to it.

        Args:
            kind: What to remove.
            before: Microseconds UTC.
            limit: Things to look at.
            cursor: None at the beginning, then what the step before returned.

        Raises:
            Invalid: No step returned this cursor.
        """
        ...

    async def sweep(self, *, limit: int = 500, cursor: str | None = None) -> Pruned:
        """Look at up to `limit` blobs and delete those to which nothing refers.

        Such a blob is left over where a process ended, or a write failed, between the blob and the row that was to
        refer to it. Steps from the first one to cursor None look at all blobs that are old enough to be deleted.

        Args:
            limit: Blobs to look at.
            cursor: None at the beginning, then what the step before returned.

        Raises:
            Invalid: No step returned this cursor.
        """
        ...

    async def count(self, kind: RetentionKind, before: int) -> int:
        """How many things of `kind` the steps of `prune` would remove now."""
        ...

    async def give_back(self, *, limit: int = 256) -> bool:
        """Give up to `limit` pages of free space back to the file system; whether there may be more.

        Steps until False shrink a database by what `prune` removed. Each step is one small transaction, and every other
        write goes first. A database that gives space back by itself, or cannot, answers False.
        """
        ...

    async def space(self) -> FileSpace:
        """What the database takes of the disk now."""
        ...
