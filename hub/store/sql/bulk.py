"""Inserting many rows in few statements.

Each statement of SQLite gives up and takes back the interpreter's lock once per row that it steps through, so a group's
rows go in with multi-row VALUES. The statements are compiled once, for powers of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

__all__ = ["DIALECT", "Bulk", "NewRow", "in_powers", "positional", "repeated"]

T = TypeVar("T")

NewRow = dict[str, Any]
"""A row to be written: plain values of the driver (bytes, integer, text, None) by the names of their columns."""

_MOST = 64
_SHAPES = 64
"""Different sets of columns of one table whose statements are kept."""
DIALECT = sqlite.dialect(paramstyle="qmark")
"""For statements that are compiled once and given positional parameters."""


class Bulk:
    """INSERT of rows into one table. A row may leave out columns that may be NULL.

    Args:
        table: Where to.
        conflict: What to do with a row whose primary key is there: `fail`, leave the old one (`nothing`), or put
            the new one in its place (`replace`), NULL where it leaves out a column.
        replaced: Which old rows the new ones replace, without parameters; None: all.
    """

    def __init__(
        self,
        table: Table,
        conflict: Literal["fail", "nothing", "replace"] = "fail",
        *,
        replaced: ColumnElement[bool] | None = None,
    ) -> None:
        self._table = table
        self._conflict = conflict
        self._replaced = replaced
        self._statement = lru_cache(_SHAPES)(self._compile)
        self._repeated = lru_cache(_SHAPES * _MOST.bit_length())(repeated)

    def run(self, connection: Connection, rows: Sequence[NewRow]) -> int:
        """Insert `rows` in their order; returns how many were written.

        Raises:
            CompileError: A row names a column that the table has not.
            IntegrityError: A row leaves out a column that must not be NULL, or conflicts where it must not.
        """
        written = 0
        for names, alike in groupby(rows, key=tuple):
            sql, part, parameters = self._statement(names)
            for some in in_powers(list(alike), _MOST):
                text = self._repeated(sql, part, ", ", len(some))
                written += connection.exec_driver_sql(text, parameters(some)).rowcount
        return written

    def _compile(self, names: tuple[str, ...]) -> tuple[str, str, Callable[[Iterable[NewRow]], tuple[Any, ...]]]:
        """The statement for one row with these columns, the part of it to repeat, and what gives the parameters."""
        statement = insert(self._table).values(dict.fromkeys(names))
        if self._conflict == "nothing":
            statement = statement.on_conflict_do_nothing()
        elif self._conflict == "replace":
            columns, key = self._table.columns, self._table.primary_key.columns
            fresh = {column.name: statement.excluded[column.name] for column in columns if column.name not in key}
            statement = statement.on_conflict_do_update(index_elements=list(key), set_=fresh, where=self._replaced)
        compiled = statement.compile(dialect=DIALECT)
        order = compiled.positiontup or ()
        return str(compiled), f"({', '.join('?' * len(order))})", positional(order)


def positional(columns: Sequence[str]) -> Callable[[Iterable[NewRow]], tuple[Any, ...]]:
    """A function that gives the values of rows in the order of `columns`, one row after another.

    A statement with several rows takes its values by position; this is the one place where names become positions.
    The function raises KeyError for a row that lacks one of the columns.
    """
    values = itemgetter(*columns)

    def parameters(rows: Iterable[NewRow]) -> tuple[Any, ...]:
        found: list[Any] = []
        for row in rows:
            found += values(row)
        return tuple(found)

    return parameters


def repeated(sql: str, part: str, joint: str, count: int) -> str:
    """`sql` with its one `part` written `count` times; quicker than compiling a statement of that size."""
    before, found, after = sql.partition(part)
    if not found:
        raise AssertionError(sql)
    return before + joint.join([part] * count) + after


def in_powers(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """`items` cut into pieces whose lengths are powers of two, `most` at most."""
    start = 0
    while start < len(items):
        size = min(most, 1 << (len(items) - start).bit_length() - 1)
        yield items[start : start + size]
        start += size
