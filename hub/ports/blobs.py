"""The blob port: values too large for a row."""

from __future__ import annotations

from typing import Protocol

__all__ = ["BLOB_THRESHOLD", "Blobs"]

BLOB_THRESHOLD = 128 * 1024
"""Values over this many bytes of JSON travel as blob references (request bodies: over 64 KiB)."""


class Blobs(Protocol):
    """Immutable bytes under a reference that the store can keep in a row."""

    async def put(self, org: bytes, data: bytes) -> str:
        """Write and sync `data`; returns its reference. The same bytes of the same org give the same reference."""
        ...

    async def get(self, org: bytes, ref: str) -> bytes:
        """The bytes under `ref`; raises `hub.errors.NotFound`."""
        ...

    async def delete(self, org: bytes, ref: str) -> None:
        """Forget `ref`; nothing happens if it is not there."""
        ...
