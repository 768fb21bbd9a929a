"""Files: what senders uploaded with multipart forms, and answers that a workflow keeps as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from hub.model.ids import Id, write_id

__all__ = ["FileRecord", "NewFile", "file_id", "file_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file as stored, without its bytes. It belongs to a request or to an execution, and goes with it.

    Attributes:
        field: Name of the part of the form that it came in; empty without one.
        filename: As its sender wrote it, empty without one. It is never used as a path.
        media_type: As its sender said, lower case without parameters; empty if nothing was said.
        size: In bytes.
        created: Microseconds UTC.
        request: The request that it came with. It stays as long as the request or an execution of it does.
        execution: The execution that kept it. It stays as long as the execution or a child of it does.
    """

    org: Id
    id: Id
    field: str
    filename: str
    media_type: str
    size: int
    created: int
    request: Id | None = None
    execution: Id | None = None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to keep."""

    record: FileRecord
    data: bytes = field(repr=False)


def file_id(owner: Id, place: str) -> Id:
    """The id of a file of a request or an execution, always the same for the same place in it."""
    return hashlib.blake2b(place.encode(), key=owner, person=b"hub file", digest_size=16).digest()


def file_view(record: FileRecord) -> dict[str, Any]:
    """What a workflow sees of a file; `ref` is what the API and `http.request` find it by."""
    return {
        "field": record.field,
        "filename": record.filename,
        "media_type": record.media_type,
        "size": record.size,
        "ref": write_id("file", record.id),
    }
