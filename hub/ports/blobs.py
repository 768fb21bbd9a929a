"""The blob port: values too large for a row."""

from __future__ import annotations

from typing import Protocol

from hub.model.ids import Id

__all__ = ["BLOB_THRESHOLD", "Blobs"]

BLOB_THRESHOLD = 128 * 1024
"""JSON values over this many bytes travel as blob references; bodies of requests and deliveries over 64 KiB."""


class Blobs(Protocol):
    """Immutable bytes, each under a reference that a store can keep in a row.

    Any operation raises `hub.errors.StoreUnavailable` when the blob store cannot be reached or refuses.
    """

    async def put(self, org: Id, data: bytes) -> str:
        """Keep `data`; it is durable when this returns.

        Returns:
            Its reference, short text. The same bytes of the same org always have the same reference, and putting them
            again makes the blob young again (see `delete`). A reference means nothing in another org.
        """
        ...

    async def get(self, org: Id, ref: str) -> bytes:
        """The bytes under a reference.

        Raises:
            NotFound: The org has no such blob, or the text is not a reference.
        """
        ...

    async def listed(self, after: tuple[Id, str] | None, limit: int) -> tuple[tuple[Id, str], ...]:
        """Org and reference of up to `limit` blobs that `delete` would remove now; none at the end.

        The order is always the same. Blobs that come and go meanwhile may be listed or not.

        Args:
            after: The last one of the step before, None at the beginning.
            limit: Blobs at most.
        """
        ...

    async def delete(self, org: Id, ref: str) -> None:
        """Remove a blob; removing one that does not exist is not an error.

        A blob that was put a short while ago may stay, since a row that refers to it may be about to commit. How long
        that is, the blob store decides.

        Raises:
            NotFound: The text is not a reference.
        """
        ...
