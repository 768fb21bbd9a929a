"""Blobs in a directory: one immutable file each, named by its content."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import time
from pathlib import Path

from hub.errors import NotFound, StoreUnavailable
from hub.model.ids import Id

__all__ = ["DirectoryBlobs"]

_REF = re.compile(r"[0-9a-f]{64}\Z")


class DirectoryBlobs:
    """`<directory>/<org>/<first two>/<sha256>`, written to a temporary file, synced and renamed.

    Args:
        directory: `<data_dir>/blobs`; made if need be.
        grace_seconds: A blob put so recently is not deleted: a row that names it may be about to commit.
    """

    def __init__(self, directory: Path, *, grace_seconds: float = 3_600.0) -> None:
        self._directory = directory
        self._grace = grace_seconds

    async def put(self, org: Id, data: bytes) -> str:
        """Write and sync `data`; returns its reference. The same bytes of the same org give the same reference.

        Raises:
            StoreUnavailable: The disk refuses.
        """
        try:
            return await asyncio.to_thread(self._put, org, data)
        except OSError as error:
            raise StoreUnavailable(f"a blob cannot be written: {error.strerror}") from error

    async def get(self, org: Id, ref: str) -> bytes:
        """The bytes under `ref`.

        Raises:
            NotFound: There is no such blob.
            StoreUnavailable: The disk refuses.
        """
        path = self._path(org, ref)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise NotFound("no such blob") from error
        except OSError as error:
            raise StoreUnavailable(f"a blob cannot be read: {error.strerror}") from error

    async def delete(self, org: Id, ref: str) -> None:
        """Forget `ref` unless it was put within the grace; nothing happens if it is not there.

        Raises:
            StoreUnavailable: The disk refuses.
        """
        try:
            await asyncio.to_thread(self._delete, self._path(org, ref))
        except OSError as error:
            raise StoreUnavailable(f"a blob cannot be removed: {error.strerror}") from error

    def _path(self, org: Id, ref: str) -> Path:
        if not _REF.match(ref):
            raise NotFound("no such blob")
        return self._directory / org.hex() / ref[:2] / ref

    def _put(self, org: Id, data: bytes) -> str:
        ref = hashlib.sha256(data).hexdigest()
        path = self._path(org, ref)
        try:
            os.utime(path)
        except FileNotFoundError:
            self._write(path, data)
        return ref

    def _write(self, path: Path, data: bytes) -> None:
        for directory in reversed([path.parent, *path.parent.parents[:2]]):
            if not directory.is_dir():
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                _sync(directory.parent)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def _delete(self, path: Path) -> None:
        """Set the file aside, then look: a `put` that comes in between either finds it gone or freshens its time."""
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            path.replace(aside)
        except FileNotFoundError:
            return
        if time.time() - aside.stat().st_mtime < self._grace:
            aside.replace(path)
        else:
            aside.unlink()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
