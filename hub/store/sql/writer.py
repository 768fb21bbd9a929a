"""The group-commit writer: one thread, one transaction at a time, shared by all operations that queued meanwhile.

A commit waits for the disk, and that wait costs the same for one operation as for two hundred. So while one transaction
is being committed, operations queue up, and the next transaction does the work of all of them: a group.

An operation is a function over the open `Transaction`. `run` takes a single one, which gets its own savepoint. `batch`
takes a function that does the work of all its payloads in the group at once, in a few statements. If that function
fails, the group starts over with a savepoint for each payload, so that only the bad one fails. Payloads almost never
fail, which makes it cheaper to do some groups twice than to give every payload a savepoint.

The function of an operation may run more than once (in a group that starts over). Its only effect is on the
transaction.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from hub.errors import StoreUnavailable
from hub.ports.store.snapshot import Snapshot
from hub.store.sql.snapshot import SnapshotLoader
from hub.store.sql.transaction import Transaction
from hub.store.sqlite import Database

__all__ = ["Priority", "Writer"]

P = TypeVar("P")
T = TypeVar("T")


class Priority(IntEnum):
    """The order of operations within a group, and which of them wait when a group cannot take all."""

    ACCEPT = 0
    JOURNAL = 1
    BATCH = 2
    LOGS = 3
    RETENTION = 4


_ROOM = 256
"""Operations in one transaction."""
_SHARE = {Priority.ACCEPT: 128, Priority.JOURNAL: 64, Priority.BATCH: 1, Priority.LOGS: 16, Priority.RETENTION: 1}
"""How much of a group each priority may always have, so that a flood of a higher one never starves a lower one."""
_LONG = (Priority.BATCH, Priority.RETENTION)
"""What may take long, while everybody in its group waits: never more than its share, even when there is room."""
_OFFERED = 1_000
"""Most operations that wait for a group without a caller who waits for them."""


@dataclass(slots=True, eq=False)
class _Operation:
    work: Callable[..., Any]
    payload: Any
    alone: bool
    future: asyncio.Future[Any] | None


class _StartOver(Exception):
    """A batch failed: the transaction is rolled back and each payload tried alone."""


class Writer:
    """Runs operations in groups; every method but `idle` belongs to the event loop that called `start`."""

    def __init__(self, database: Database, loader: SnapshotLoader) -> None:
        self._database = database
        self.loader = loader
        self._queues: dict[Priority, deque[_Operation]] = {priority: deque() for priority in Priority}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub-writer")
        self._connection: Connection | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._committing = False
        self._offered = 0
        self.snapshot = Snapshot()

    async def start(self, prepare: Callable[[Connection], None]) -> None:
        """Run `prepare` (migrations) in the thread, load the snapshot, accept operations from then on.

        Raises:
            StoreUnavailable: The database cannot be opened.
        """
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._open, prepare)
        except Exception as error:
            await loop.run_in_executor(self._thread, self._disconnect)
            self._thread.shutdown()
            if isinstance(error, DBAPIError):
                raise StoreUnavailable(f"the database cannot be opened: {error.orig}") from error
            raise
        self._task = asyncio.create_task(self._serve(), name="hub-writer")

    async def stop(self) -> None:
        """Commit what is queued, then close."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
            self._task = None
            await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    @property
    def idle(self) -> bool:
        """Whether nothing is being committed and nothing waits for it; may be asked from another thread."""
        return not self._committing and not any(self._queues.values())

    async def run(self, priority: Priority, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the next group, under its own savepoint; returns after the commit.

        Raises:
            StoreUnavailable: The transaction did not commit.
            Exception: What `work` raised; its changes are undone, its neighbours' are not.
        """
        return cast("T", await self._enqueue(priority, work, None, alone=True))

    async def batch(
        self, priority: Priority, work: Callable[[Transaction, Sequence[P]], Sequence[T | Exception]], payload: P
    ) -> T:
        """Hand `payload` to `work` together with all others of the group; returns after the commit.

        `work` answers one result for each payload, in order; an exception among them is raised here and must have
        left no trace in the transaction. Raises as `run`.
        """
        return cast("T", await self._enqueue(priority, work, payload, alone=False))

    def offer(self, priority: Priority, work: Callable[[Transaction, Sequence[P]], Sequence[Any]], payload: P) -> bool:
        """As `batch`, but nobody waits for it; False when too many wait already or the writer is not running."""
        if self._offered >= _OFFERED or self._task is None or self._stopping:
            return False
        self._offered += 1
        self._queues[priority].append(_Operation(work, payload, alone=False, future=None))
        self._wake.set()
        return True

    def _enqueue(
        self, priority: Priority, work: Callable[..., Any], payload: object, *, alone: bool
    ) -> asyncio.Future[Any]:
        future = asyncio.get_running_loop().create_future()
        if self._task is None or self._stopping:
            future.set_exception(StoreUnavailable("the store is not running"))
            return future
        self._queues[priority].append(_Operation(work, payload, alone, future))
        self._wake.set()
        return future

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            group = self._take()
            if group:
                self._committing = True
                outcomes = await loop.run_in_executor(self._thread, self._commit, group)
                self._committing = False
                for operation, outcome in zip(group, outcomes, strict=True):
                    _settle(operation, outcome)
            elif self._stopping:
                return
            else:
                self._wake.clear()
                await self._wake.wait()
                # The loop may be about to run other tasks that write too: let them, so that they share this commit
                # instead of waiting for the next one.
                await asyncio.sleep(0)

    def _take(self) -> list[_Operation]:
        group: list[_Operation] = []
        lengths = {priority: len(queue) for priority, queue in self._queues.items()}
        for priority in _LONG:
            lengths[priority] = min(lengths[priority], _SHARE[priority])
        shares = {priority: min(length, _SHARE[priority]) for priority, length in lengths.items()}
        room = _ROOM - sum(shares.values())
        for priority, queue in self._queues.items():
            more = min(lengths[priority] - shares[priority], room)
            room -= more
            group.extend(_sorted_by_work([queue.popleft() for _ in range(shares[priority] + more)]))
        self._offered -= sum(operation.future is None for operation in group)
        return group

    def _open(self, prepare: Callable[[Connection], None]) -> None:
        connection = self._connect()
        prepare(connection)
        with connection.begin():
            self.snapshot = self.loader.full(connection)

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._database.writer.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._database.writer.dispose()

    def _commit(self, group: list[_Operation]) -> list[Any]:
        """Runs in the thread. One outcome for each operation; exceptions are outcomes too."""
        try:
            try:
                return self._transact(group, careful=False)
            except _StartOver:
                return self._transact(group, careful=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, every caller of the group must hear of it
            cause = error.orig if isinstance(error, DBAPIError) else error
            refusal = StoreUnavailable(f"the database did not commit: {cause}")
            refusal.__cause__ = error
            # The connection may be broken, or in the midst of a transaction: the next group begins with a new one.
            self._disconnect_quietly()
            return [refusal] * len(group)

    def _disconnect_quietly(self) -> None:
        try:
            self._disconnect()
        except SQLAlchemyError:
            self._connection = None

    def _transact(self, group: list[_Operation], *, careful: bool) -> list[Any]:
        connection = self._connect()
        outcomes: list[Any] = []
        with connection.begin():
            transaction = Transaction(connection, self.loader, self.snapshot)
            for (work, alone), members in groupby(group, key=lambda operation: (operation.work, operation.alone)):
                operations = list(members)
                if alone:
                    outcomes.extend(_guarded(transaction, operation.work) for operation in operations)
                elif careful:
                    outcomes.extend(_guarded(transaction, work, operation.payload) for operation in operations)
                else:
                    outcomes.extend(_together(transaction, work, [operation.payload for operation in operations]))
            snapshot = transaction.renewed()
        # Only now, after the commit: nobody may act on a change that could still be rolled back. Callers are told
        # their outcomes after this, so that each finds its own change in the snapshot.
        self.snapshot = snapshot
        return outcomes


def _sorted_by_work(operations: list[_Operation]) -> list[_Operation]:
    """Payloads of one batch function next to each other, so that it is called once; each keeps its place among them."""
    if len(operations) < 3:
        return operations
    buckets: dict[Callable[..., Any] | None, list[_Operation]] = {}
    for operation in operations:
        buckets.setdefault(None if operation.alone else operation.work, []).append(operation)
    return [operation for bucket in buckets.values() for operation in bucket]


def _together(transaction: Transaction, work: Callable[..., Any], payloads: list[Any]) -> Sequence[Any]:
    try:
        outcomes: Sequence[Any] = work(transaction, payloads)
    except Exception as error:
        raise _StartOver from error
    if len(outcomes) != len(payloads):
        raise _StartOver
    return outcomes


_NO_PAYLOAD: Any = object()


def _guarded(transaction: Transaction, work: Callable[..., Any], payload: Any = _NO_PAYLOAD) -> Any:
    """The outcome of one operation under its own savepoint, an exception included.

    A broken constraint is the operation's own fault. Any other error of the database (a full disk, a lost connection)
    concerns all: it is raised and fails the group.
    """
    mark = transaction.mark()
    try:
        with transaction.connection.begin_nested():
            if payload is _NO_PAYLOAD:
                return work(transaction)
            outcome: Any = work(transaction, [payload])[0]
            return outcome
    except DBAPIError as error:
        if not isinstance(error, IntegrityError):
            raise
        transaction.reset(mark)
        return error
    except Exception as error:  # noqa: BLE001 - it is the operation's answer
        transaction.reset(mark)
        return error


def _settle(operation: _Operation, outcome: Any) -> None:
    future = operation.future
    if future is None or future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
