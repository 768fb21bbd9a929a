"""JSON values in rows, the large ones in the blob store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.ports.blobs import BLOB_THRESHOLD, Blobs
from hub.store.sql.bulk import NewRow

__all__ = ["Documents", "Packed", "Packing"]

Packed = tuple[bytes | None, str | None]
"""The two columns of a value: its bytes, or its reference; neither for None."""

_REMEMBERED = 8
_REMEMBERED_BYTES = 2 << 20
"""So many values that rows share are remembered, none of which is larger than this."""


class Packing:
    """Packs the JSON values of a few rows; a value that stands in several of them is serialized once.

    A value over the threshold is replaced by a mark, which `Documents.put_large` replaces by a reference before the row
    is kept. So rows without large values, which are most, are made without a wait for the blob store.

    Attributes:
        large: Whether there is such a mark.
    """

    __slots__ = ("_rests", "_seen", "large")

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Any, Any]] = {}
        self._rests: dict[int, tuple[Any, Any]] = {}
        self.large = False

    def value(self, value: Any, threshold: int = BLOB_THRESHOLD) -> Any:
        """The column of a JSON value; the row leaves out the column of its reference, which ends in `_ref`.

        Raises:
            ValueError: It is not a JSON value.
        """
        if value is None:
            return None
        seen = self._seen.get(id(value))
        if seen is None:
            # the value is kept with its bytes: while it lives no other one gets its id
            seen = self._seen[id(value)] = (value, self.bytes(dumps(value), threshold))
        return seen[1]

    def rest(self, value: Mapping[str, Any], without: Mapping[str, Any]) -> Any:
        """The column of a JSON object without the keys of another one. Raises as `value`."""
        seen = self._rests.get(id(value))
        if seen is None:
            rest = {name: item for name, item in value.items() if name not in without}
            seen = self._rests[id(value)] = (value, self.bytes(dumps(rest)))
        return seen[1]

    def bytes(self, data: bytes, threshold: int = BLOB_THRESHOLD) -> Any:
        """The column of bytes."""
        if len(data) <= threshold:
            return data
        self.large = True
        return _Large(data)


class _Large:
    """Bytes that go to the blob store; `ref` once they are there, since they may stand in many rows."""

    __slots__ = ("data", "ref")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.ref: str | None = None


class Documents:
    """Packs values into rows and unpacks them.

    Args:
        blobs: Where values over `BLOB_THRESHOLD` bytes go.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._shared: dict[tuple[Id, str], tuple[int, Any]] = {}

    async def pack(self, org: Id, value: Any) -> Packed:
        """A JSON value as columns; a large one is on the disk when this returns.

        Raises:
            ValueError: It is not a JSON value.
        """
        return (None, None) if value is None else await self.pack_bytes(org, dumps(value))

    async def pack_bytes(self, org: Id, data: bytes, threshold: int = BLOB_THRESHOLD) -> Packed:
        """Bytes as columns."""
        return (data, None) if len(data) <= threshold else (None, await self._blobs.put(org, data))

    async def put_large(self, org: Id, row: NewRow) -> NewRow:
        """The row with its marks of a `Packing` replaced: what was too large is on the disk when this returns."""
        put: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, _Large):
                value.ref = value.ref or await self._blobs.put(org, value.data)
                put |= {name: None, f"{name}_ref": value.ref}
        return {**row, **put}

    async def unpack(self, org: Id, data: bytes | None, ref: str | None) -> Any:
        """The JSON value of two columns.

        Raises:
            NotFound: The blob is gone.
        """
        packed = await self.unpack_bytes(org, data, ref)
        return None if packed is None else loads(packed)

    async def unpack_shared(self, org: Id, data: bytes | None, ref: str | None) -> Any:
        """As `unpack`, of a value that many rows share: the last few are remembered, so nobody may change it."""
        if ref is None:
            return None if data is None else loads(data)
        found = self._shared.pop((org, ref), None)
        if found is None:
            packed = await self._blobs.get(org, ref)
            found = (len(packed), loads(packed))
        if found[0] <= _REMEMBERED_BYTES:
            self._shared[org, ref] = found
            if len(self._shared) > _REMEMBERED:
                del self._shared[next(iter(self._shared))]
        return found[1]

    async def unpack_bytes(self, org: Id, data: bytes | None, ref: str | None) -> bytes | None:
        """The bytes of two columns; raises as `unpack`."""
        return data if ref is None else await self._blobs.get(org, ref)
