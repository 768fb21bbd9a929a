"""Blobs in a directory."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hub.errors import NotFound, StoreUnavailable
from hub.store.blobs import DirectoryBlobs

ORG, OTHER = b"o" * 16, b"p" * 16


@pytest.fixture
def blobs(tmp_path: Path) -> DirectoryBlobs:
    return DirectoryBlobs(tmp_path / "blobs", grace_seconds=0)


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


async def test_bytes_come_back_and_the_same_bytes_are_one_file(blobs: DirectoryBlobs, tmp_path: Path) -> None:
    refs = await asyncio.gather(*(blobs.put(ORG, b"x" * 100_000) for _ in range(8)))

    assert len(set(refs)) == 1
    assert await blobs.get(ORG, refs[0]) == b"x" * 100_000
    [file] = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_blob_of_another_org_is_not_there(blobs: DirectoryBlobs) -> None:
    ref = await blobs.put(ORG, b"x")

    with pytest.raises(NotFound):
        await blobs.get(OTHER, ref)


@pytest.mark.parametrize("ref", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "a" * 64])
async def test_a_reference_that_is_none_is_not_found(blobs: DirectoryBlobs, ref: str) -> None:
    with pytest.raises(NotFound):
        await blobs.get(ORG, ref)


async def test_deleting_forgets_and_may_be_repeated(blobs: DirectoryBlobs, tmp_path: Path) -> None:
    ref = await blobs.put(ORG, b"x")

    await blobs.delete(ORG, ref)
    await blobs.delete(ORG, ref)

    assert files(tmp_path) == []
    assert await blobs.put(ORG, b"x") == ref
    assert await blobs.get(ORG, ref) == b"x"


async def test_a_blob_that_was_just_put_again_is_not_deleted(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path / "blobs", grace_seconds=3600)
    ref = await blobs.put(ORG, b"x")
    [file] = files(tmp_path)
    os.utime(file, (1, 1))
    await blobs.put(ORG, b"x")

    await blobs.delete(ORG, ref)
    assert await blobs.get(ORG, ref) == b"x"

    os.utime(file, (1, 1))
    await blobs.delete(ORG, ref)
    assert files(tmp_path) == []


async def test_a_disk_that_refuses_is_unavailable_and_leaves_nothing(blobs: DirectoryBlobs, tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the directory should be")

    with pytest.raises(StoreUnavailable):
        await blobs.put(ORG, b"x")
