"""Statements that run often find their rows by an index, however large the tables become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hub.store.sql.executions import journal
from hub.store.sql.executions.claims import EXPIRES, first_due, next_priority
from hub.store.sql.tables import executions, requests
from hub.store.sql.writer import Priority

if TYPE_CHECKING:
    from hub.store.sql.store import SqlStore


async def plan(store: SqlStore, sql: str, parameters: tuple[Any, ...]) -> list[str]:
    def explain(transaction: Any) -> list[str]:
        rows = transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return [row.detail for row in rows]

    return await store._writer.run(Priority.JOURNAL, explain)


async def test_the_group_journal_write_seeks_its_executions(store: SqlStore) -> None:
    sql = journal._change_sql(4)

    steps = await plan(store, sql, (None,) * sql.count("?"))

    assert any("SEARCH executions USING" in step for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN executions")], steps


async def test_waking_parents_seeks_children_and_parents(store: SqlStore) -> None:
    sql = journal._wake_sql(4)

    steps = await plan(store, sql, (None,) * sql.count("?"))

    assert sum("USING INDEX sqlite_autoindex_executions" in step for step in steps) == 2, steps


@pytest.mark.parametrize("query", [EXPIRES, first_due(0), next_priority(0)], ids=["expires", "due", "priority"])
async def test_looking_for_work_walks_the_index_of_open_executions(store: SqlStore, query: Any) -> None:
    compiled = query.compile(store._database.writer, compile_kwargs={"literal_binds": True})

    steps = await plan(store, str(compiled), ())

    assert "ix_executions_ready" in steps[0], steps
    assert not [step for step in steps if "TEMP B-TREE FOR ORDER BY" in step], steps


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            (
                "SELECT * FROM deliveries WHERE org = x'00' AND subscription = x'00' AND ready <= 5"
                " ORDER BY ready, sequence LIMIT 5"
            ),
            "ix_deliveries_ready",
        ),
        (
            (
                "SELECT sequence FROM deliveries WHERE subscription = x'00' AND ordering_key = 'k'"
                " AND ordering_key IS NOT NULL AND state IN ('pending', 'paused') ORDER BY sequence LIMIT 1"
            ),
            "ix_deliveries_ordered",
        ),
    ],
)
async def test_the_queue_of_deliveries_is_walked_by_an_index(store: SqlStore, query: str, index: str) -> None:
    steps = await plan(store, query, ())

    assert index in steps[0], steps


@pytest.mark.parametrize(
    ("table", "where", "index"),
    [
        (requests, "source = x'00'", "ix_requests_org_source_id"),
        (requests, "state = 'held' AND state != 'accepted'", "ix_requests_unusual"),
        (executions, "workflow = x'00'", "ix_executions_org_workflow_id"),
        (executions, "state = 'failed' AND state IN ('failed', 'cancelled', 'held')", "ix_executions_unusual"),
    ],
)
async def test_filtered_lists_walk_an_index_from_its_end(store: SqlStore, table: Any, where: str, index: str) -> None:
    steps = await plan(store, f"SELECT * FROM {table.name} WHERE org = x'00' AND {where} ORDER BY id DESC LIMIT 5", ())

    assert index in steps[0], steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps
