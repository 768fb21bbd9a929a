"""Inserting many rows in few statements.

Each statement of SQLite gives up and takes back the interpreter's lock once per row that it steps through, so a group's
rows go in with multi-row VALUES. The statements are compiled once, for powers of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

__all__ = ["DIALECT", "Bulk", "in_powers", "repeated"]

T = TypeVar("T")

_MOST = 64
DIALECT = sqlite.dialect(paramstyle="qmark")
"""For statements that are compiled once and given positional parameters."""


class Bulk:
    """INSERT of rows of plain driver values: bytes, integers, text, None.

    Args:
        table: Where to.
        conflict: What to do with a row whose primary key is there: `fail`, leave the old one (`nothing`), or put
            the new one in its place (`replace`).
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
        self.columns = tuple(column.name for column in table.columns)
        self._sql = cache(self._compile)

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> int:
        """Insert `rows`, each with one value per column of the table in its order; returns how many were written."""
        written = 0
        for some in in_powers(rows, _MOST):
            parameters = tuple(value for row in some for value in row)
            written += connection.exec_driver_sql(self._sql(len(some)), parameters).rowcount
        return written

    def _compile(self, count: int) -> str:
        statement = insert(self._table).values(dict.fromkeys(self.columns))
        if self._conflict == "nothing":
            statement = statement.on_conflict_do_nothing()
        elif self._conflict == "replace":
            key = self._table.primary_key.columns
            fresh = {name: statement.excluded[name] for name in self.columns if name not in key}
            statement = statement.on_conflict_do_update(index_elements=list(key), set_=fresh, where=self._replaced)
        return repeated(str(statement.compile(dialect=DIALECT)), _placeholders(len(self.columns)), ", ", count)


def _placeholders(count: int) -> str:
    return f"({', '.join('?' * count)})"


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
