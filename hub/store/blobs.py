"""Blobs in a directory: one immutable file each, named by its content."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from hub.errors import NotFound, StoreUnavailable
from hub.model.ids import Id

__all__ = ["DirectoryBlobs"]

_REF = re.compile(r"[0-9a-f]{64}\Z")
_ORG = re.compile(r"[0-9a-f]{32}")


class DirectoryBlobs:
    """Implements `hub.ports.blobs.Blobs`: the file `<directory>/<org>/<first two>/<sha256>` for each blob.

    Args:
        directory: `<data_dir>/blobs`; made if need be.
        grace_seconds: A blob that was put so recently is not deleted.
    """

    def __init__(self, directory: Path, *, grace_seconds: float = 3_600.0) -> None:
        self._directory = directory
        self._grace = grace_seconds

    async def put(self, org: Id, data: bytes) -> str:
        """See `hub.ports.blobs.Blobs.put`."""
        try:
            return await asyncio.to_thread(self._put, org, data)
        except OSError as error:
            raise StoreUnavailable(f"a blob cannot be written: {error.strerror}") from error

    async def get(self, org: Id, ref: str) -> bytes:
        """See `hub.ports.blobs.Blobs.get`."""
        path = self._path(org, ref)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise NotFound("no such blob") from error
        except OSError as error:
            raise StoreUnavailable(f"a blob cannot be read: {error.strerror}") from error

    async def listed(self, after: tuple[Id, str] | None, limit: int) -> tuple[tuple[Id, str], ...]:
        """See `hub.ports.blobs.Blobs.listed`."""
        try:
            return await asyncio.to_thread(lambda: tuple(islice(self._old(after), limit)))
        except OSError as error:
            raise StoreUnavailable(f"blobs cannot be listed: {error.strerror}") from error

    async def delete(self, org: Id, ref: str) -> None:
        """See `hub.ports.blobs.Blobs.delete`."""
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
            # The time of the file is that of the last put: `_delete` goes by it.
            os.utime(path)
        except FileNotFoundError:
            self._write(path, data)
        return ref

    def _old(self, after: tuple[Id, str] | None) -> Iterator[tuple[Id, str]]:
        """The blobs behind `after` that are not young. What a crash has left of a write is removed on the way."""
        org, ref = ("", "") if after is None else (after[0].hex(), after[1])
        before = time.time() - self._grace
        for owner in _names(self._directory):
            if owner < org or not _ORG.fullmatch(owner):
                continue
            for part in _names(self._directory / owner):
                if owner == org and part < ref[:2]:
                    continue
                for path in (self._directory / owner / part / name for name in _names(self._directory / owner / part)):
                    if (owner, path.name) > (org, ref) and _is_older(path, before):
                        if _REF.match(path.name):
                            yield bytes.fromhex(owner), path.name
                        elif path.name.startswith("."):
                            path.unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        for directory in reversed([path.parent, *path.parent.parents[:2]]):
            if not directory.is_dir():
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                _sync(directory.parent)  # without it a crash could lose the new directory, and the blob with it
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # The content is on the disk before the name is: a reader never finds half a blob, not even after a crash.
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def _delete(self, path: Path) -> None:
        # First set aside, then look at the time. Looking first, a `put` could come between the look and the removal,
        # freshen the time of the file and then lose it. Like this it finds no file and writes a new one, or it came
        # before and its time is seen.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            path.replace(aside)
        except FileNotFoundError:
            return
        if time.time() - aside.stat().st_mtime < self._grace:
            aside.replace(path)
        else:
            aside.unlink()


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))  # noqa: PTH208 - only the names, of very many files
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_older(path: Path, than: float) -> bool:
    try:
        return path.stat().st_mtime <= than
    except FileNotFoundError:
        return False


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
