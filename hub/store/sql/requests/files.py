"""Files of requests and executions: rows whose bytes are in the blob store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from hub.errors import NotFound
from hub.model.ids import Id
from hub.model.stored.files import FileRecord, NewFile
from hub.ports.blobs import Blobs
from hub.store.sql.bulk import Bulk, NewRow
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import files
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlFiles", "put_files", "write_files"]

_FILES = Bulk(files, "nothing")
_AT_ONCE = 8
_COLUMNS = files.c


class SqlFiles:
    """Implements `hub.ports.store.Files`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._blobs = resources.blobs

    async def keep(self, file: NewFile) -> None:
        """See `hub.ports.store.Files.keep`."""
        rows = await put_files(self._blobs, [file])
        await self._writer.run(Priority.JOURNAL, lambda transaction: write_files(transaction, rows))

    async def get(self, org: Id, file: Id) -> FileRecord:
        """See `hub.ports.store.Files.get`."""
        return _record(await self._row(org, file))

    async def content(self, org: Id, file: Id) -> bytes:
        """See `hub.ports.store.Files.content`."""
        return await self._blobs.get(org, (await self._row(org, file)).data_ref)

    async def of_request(self, org: Id, request: Id) -> tuple[FileRecord, ...]:
        """See `hub.ports.store.Files.of_request`."""
        mine = select(files).where(_COLUMNS.org == org, _COLUMNS.request == request, _COLUMNS.request.is_not(None))
        return tuple([_record(row) for row in await self._database.rows(mine.order_by(_COLUMNS.number))])

    async def _row(self, org: Id, file: Id) -> Row[Any]:
        row = await self._database.first(select(files).where(_COLUMNS.org == org, _COLUMNS.id == file))
        if row is None:
            raise NotFound("no such file")
        return row


async def put_files(blobs: Blobs, new: Sequence[NewFile]) -> list[NewRow]:
    """The rows of files, whose bytes are in the blob store when this returns."""
    rows: list[NewRow] = []
    for start in range(0, len(new), _AT_ONCE):
        some = new[start : start + _AT_ONCE]
        refs = await asyncio.gather(*(blobs.put(one.record.org, one.data) for one in some))
        rows += [_row_of(one.record, start + place, refs[place]) for place, one in enumerate(some)]
    return rows


def write_files(transaction: Transaction, rows: Sequence[NewRow]) -> None:
    """Keep rows of files; those that are there already stay."""
    _FILES.run(transaction.connection, rows)


def _row_of(record: FileRecord, number: int, ref: str) -> NewRow:
    return {
        "org": record.org,
        "id": record.id,
        "request": record.request,
        "execution": record.execution,
        "number": number,
        "field": record.field,
        "filename": record.filename,
        "media_type": record.media_type,
        "size": record.size,
        "created": record.created,
        "data_ref": ref,
    }


def _record(row: Row[Any]) -> FileRecord:
    return FileRecord(
        org=row.org,
        id=row.id,
        field=row.field,
        filename=row.filename,
        media_type=row.media_type,
        size=row.size,
        created=row.created,
        request=row.request,
        execution=row.execution,
    )
