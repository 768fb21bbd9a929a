"""Rows are written by the names of their columns, whatever order and number they come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, create_engine
from sqlalchemy.exc import CompileError, IntegrityError

from hub.store.sql.bulk import Bulk, positional

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("left", Integer),
    Column("right", Integer),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        THINGS.create(opened)
        yield opened
    engine.dispose()


def contents(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(THINGS.select().order_by(THINGS.c.id))]


shapes = st.lists(st.permutations(["left", "right"]).flatmap(lambda names: st.sampled_from([names, names[:1], []])))


@given(shapes)
def test_each_value_stands_in_the_column_that_it_names(connection: Connection, shapes: list[list[str]]) -> None:
    rows = []
    for number, names in enumerate(shapes):
        optional = {name: number * 10 + len(name) for name in names}
        rows.append(
            {**optional, "name": f"n{number}", "id": number} if number % 2 else {"id": number, "name": "n"} | optional
        )
    connection.execute(THINGS.delete())

    assert Bulk(THINGS).run(connection, rows) == len(rows)

    expected = [(row["id"], row["name"], row.get("left"), row.get("right")) for row in rows]
    assert contents(connection) == expected


def test_what_is_there_stays_or_gives_way(connection: Connection) -> None:
    connection.execute(THINGS.delete())
    Bulk(THINGS).run(connection, [{"id": 1, "name": "a", "left": 1, "right": 1}])

    assert Bulk(THINGS, "nothing").run(connection, [{"id": 1, "name": "b"}, {"id": 2, "name": "b"}]) == 1
    assert contents(connection) == [(1, "a", 1, 1), (2, "b", None, None)]
    Bulk(THINGS, "replace").run(connection, [{"id": 1, "name": "c", "left": 5}, {"name": "d", "id": 1, "right": 6}])
    assert contents(connection) == [(1, "d", None, 6), (2, "b", None, None)]
    kept = Bulk(THINGS, "replace", replaced=THINGS.c.right.is_(None))
    assert kept.run(connection, [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]) == 1
    assert contents(connection) == [(1, "d", None, 6), (2, "y", None, None)]


def test_a_column_that_is_not_there_or_is_missing_is_an_error(connection: Connection) -> None:
    with pytest.raises(CompileError, match="nowhere"):
        Bulk(THINGS).run(connection, [{"id": 90, "name": "a", "nowhere": 1}])
    with pytest.raises(IntegrityError, match="NOT NULL"):
        Bulk(THINGS).run(connection, [{"id": 91, "left": 1}])


def test_positions_are_those_of_the_columns_named() -> None:
    parameters = positional(("b", "a"))

    assert parameters([{"a": 1, "b": 2}, {"b": 4, "a": 3, "c": 0}]) == (2, 1, 4, 3)
    with pytest.raises(KeyError):
        parameters([{"a": 1}])
