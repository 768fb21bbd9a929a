"""Group commits: shared, isolated, in order of priority, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from hub.errors import Conflict, StoreUnavailable
from hub.model.ids import new_id
from hub.store.sql.tables import orgs, sources
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority, Writer

if TYPE_CHECKING:
    from hub.store.sql.store import SqlStore
    from tests.store.conftest import OpenStore


@pytest.fixture
def writer(store: SqlStore) -> Writer:
    return store._writer


def named(name: str) -> dict[str, object]:
    return {"id": new_id(), "name": name, "created": 1}


def add(transaction: Transaction, name: str) -> str:
    transaction.execute(insert(orgs), named(name))
    if name.startswith("bad"):
        raise Conflict(name)
    return name


def add_all(transaction: Transaction, names: Sequence[str]) -> list[str]:
    return [add(transaction, name) for name in names]


async def names(store: SqlStore) -> set[str]:
    return {row.name for row in await store._database.rows(select(orgs.c.name))} - {"default"}


async def test_a_failing_operation_leaves_nothing_and_its_neighbours_stay(store: SqlStore, writer: Writer) -> None:
    outcomes = await asyncio.gather(
        *(writer.run(Priority.JOURNAL, partial(add, name=name)) for name in ("a", "bad", "c")),
        return_exceptions=True,
    )

    assert [str(outcome) for outcome in outcomes] == ["a", "bad", "c"]
    assert isinstance(outcomes[1], Conflict)
    assert await names(store) == {"a", "c"}


async def test_a_failing_payload_of_a_batch_fails_alone(store: SqlStore, writer: Writer) -> None:
    outcomes = await asyncio.gather(
        *(writer.batch(Priority.ACCEPT, add_all, name) for name in ("a", "b", "bad", "d", "a")), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes[:4]] == [str, str, Conflict, str]
    assert isinstance(outcomes[4], Exception), "a broken constraint is the operation's own failure"
    assert await names(store) == {"a", "b", "d"}


async def test_operations_that_wait_share_a_transaction_in_order_of_priority(writer: Writer) -> None:
    groups: list[tuple[str, int]] = []

    def note(name: str) -> None:
        async def one(priority: Priority) -> None:
            await writer.run(priority, lambda t: groups.append((name, id(t.connection.get_transaction()))))

        tasks.append(asyncio.ensure_future(one(Priority[name])))

    tasks: list[asyncio.Future[None]] = []
    for name in ("RETENTION", "LOGS", "JOURNAL", "ACCEPT"):
        note(name)
    await asyncio.gather(*tasks)

    assert [name for name, _ in groups] == ["ACCEPT", "JOURNAL", "LOGS", "RETENTION"]
    assert len({transaction for _, transaction in groups}) == 1


async def test_large_batches_share_no_transaction_with_each_other(writer: Writer) -> None:
    """So whoever comes in beside them waits for one of them at most."""
    transactions: list[tuple[str, int]] = []

    def note(name: str, priority: Priority) -> asyncio.Future[None]:
        def work(transaction: Transaction) -> None:
            transactions.append((name, id(transaction)))

        return asyncio.ensure_future(writer.run(priority, work))

    notes = [note("batch", Priority.BATCH) for _ in range(5)]
    notes += [note("accept", Priority.ACCEPT) for _ in range(3)]
    await asyncio.gather(*notes)

    assert [name for name, _ in transactions] == ["accept"] * 3 + ["batch"] * 5
    assert len({transaction for _, transaction in transactions[:4]}) == 1


async def test_a_commit_that_fails_fails_all_of_its_group_and_the_writer_goes_on(
    store: SqlStore, writer: Writer
) -> None:
    def broken_at_commit(transaction: Transaction) -> None:
        transaction.connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        row = {"org": new_id(), "id": new_id(), "spec": b"{}", "generation": 1, "created": 1, "updated": 1}
        transaction.execute(insert(sources), row)

    outcomes = await asyncio.gather(
        writer.run(Priority.ACCEPT, lambda t: add(t, "a")),
        writer.run(Priority.ACCEPT, broken_at_commit),
        writer.batch(Priority.JOURNAL, add_all, "b"),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    assert await names(store) == set()
    assert await writer.run(Priority.ACCEPT, lambda t: add(t, "after")) == "after"
    assert await names(store) == {"after"}


async def test_a_change_that_is_rolled_back_does_not_reach_the_snapshot(store: SqlStore, writer: Writer) -> None:
    before = store.snapshot

    def change_and_fail(transaction: Transaction) -> None:
        ghost = new_id()
        transaction.execute(insert(orgs), {**named("ghost"), "id": ghost})
        transaction.changed("org", None, ghost)
        assert transaction.current().org_named("ghost") is not None
        raise Conflict("no")

    with pytest.raises(Conflict):
        await writer.run(Priority.JOURNAL, change_and_fail)

    assert store.snapshot is before


async def test_a_caller_that_goes_away_cancels_nothing(store: SqlStore, writer: Writer) -> None:
    task = asyncio.ensure_future(writer.run(Priority.ACCEPT, lambda t: add(t, "gone")))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await writer.run(Priority.RETENTION, lambda t: add(t, "later"))

    assert task.cancelled()
    assert await names(store) == {"gone", "later"}


async def test_a_flood_of_accepts_does_not_starve_the_rest(store: SqlStore, writer: Writer) -> None:
    finished: list[str] = []

    async def one(priority: Priority, number: int) -> None:
        await writer.run(priority, lambda t: add(t, f"{priority.name}{number}"))
        finished.append(priority.name)

    accepts = [one(Priority.ACCEPT, number) for number in range(600)]
    await asyncio.gather(*accepts, *(one(priority, 0) for priority in Priority if priority is not Priority.ACCEPT))

    assert {"JOURNAL", "BATCH", "LOGS", "RETENTION"} <= set(finished[:300])
    assert len(await names(store)) == 604


async def test_stop_commits_what_is_queued_and_refuses_what_comes_later(open_store: OpenStore) -> None:
    async with open_store() as store:
        writer = store._writer
        queued = [asyncio.ensure_future(writer.run(Priority.LOGS, partial(add, name=f"n{n}"))) for n in range(5)]
        await asyncio.sleep(0)
    assert sorted(await asyncio.gather(*queued)) == [f"n{n}" for n in range(5)]

    with pytest.raises(StoreUnavailable):
        await writer.run(Priority.ACCEPT, lambda t: add(t, "late"))
    assert not writer.offer(Priority.LOGS, add_all, "late")
    async with open_store() as again:
        assert await names(again) == {f"n{n}" for n in range(5)}


async def test_offers_are_bounded(store: SqlStore, writer: Writer) -> None:
    taken = [writer.offer(Priority.LOGS, add_all, f"o{number}") for number in range(1_200)]
    await writer.run(Priority.LOGS, lambda t: None)

    assert sum(taken) == 1_000
    assert not taken[-1]
    assert len(await names(store)) == 1_000
    assert writer.offer(Priority.LOGS, add_all, "room again")
