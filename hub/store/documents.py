"""JSON values in rows, the large ones in the blob store."""

from __future__ import annotations

from typing import Any

from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.ports.blobs import BLOB_THRESHOLD, Blobs

__all__ = ["Documents", "Packed"]

Packed = tuple[bytes | None, str | None]
"""The two columns of a value: its bytes, or its reference; neither for None."""


class Documents:
    """Packs values into rows and unpacks them.

    Args:
        blobs: Where values over `BLOB_THRESHOLD` bytes go.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def pack(self, org: Id, value: Any) -> Packed:
        """A JSON value as columns; a large one is on the disk when this returns.

        Raises:
            ValueError: It is no JSON value.
        """
        return (None, None) if value is None else await self.pack_bytes(org, dumps(value))

    async def pack_bytes(self, org: Id, data: bytes, threshold: int = BLOB_THRESHOLD) -> Packed:
        """Bytes as columns."""
        return (data, None) if len(data) <= threshold else (None, await self._blobs.put(org, data))

    async def unpack(self, org: Id, data: bytes | None, ref: str | None) -> Any:
        """The JSON value of two columns.

        Raises:
            NotFound: The blob is gone.
        """
        packed = await self.unpack_bytes(org, data, ref)
        return None if packed is None else loads(packed)

    async def unpack_bytes(self, org: Id, data: bytes | None, ref: str | None) -> bytes | None:
        """The bytes of two columns; raises as `unpack`."""
        return data if ref is None else await self._blobs.get(org, ref)
