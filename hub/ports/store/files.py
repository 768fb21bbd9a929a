"""Files of requests and executions."""

from __future__ import annotations

from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.files import FileRecord, NewFile

__all__ = ["Files"]


class Files(Protocol):
    """Files that are kept as blobs. Those of a request are kept by `InboundStore.accept` and `InboundStore.release`.

    `Retention.prune` removes a file with the last thing that it belongs to.
    """

    async def keep(self, file: NewFile) -> None:
        """Keep a file of an execution; one with the same id is left alone, since it is the same file."""
        ...

    async def get(self, org: Id, file: Id) -> FileRecord:
        """One file without its bytes.

        Raises:
            NotFound: The org has no such file.
        """
        ...

    async def content(self, org: Id, file: Id) -> bytes:
        """The bytes of a file.

        Raises:
            NotFound: The org has no such file, or its blob is missing.
        """
        ...

    async def of_request(self, org: Id, request: Id) -> tuple[FileRecord, ...]:
        """The files that came with a request, in the order of its body."""
        ...
