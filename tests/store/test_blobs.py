"""Blobs in a directory."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hub.errors import StoreUnavailable
from hub.store.blobs import DirectoryBlobs
from hub.testing.conformance import BlobsConformance

ORG = b"o" * 16


def directory_blobs(folder: Path) -> DirectoryBlobs:
    return DirectoryBlobs(folder, grace_seconds=0)


class TestDirectoryBlobs(BlobsConformance):
    factory = directory_blobs


@pytest.fixture
def blobs(tmp_path: Path) -> DirectoryBlobs:
    return DirectoryBlobs(tmp_path / "blobs", grace_seconds=0)


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


async def test_the_same_bytes_are_one_file(blobs: DirectoryBlobs, tmp_path: Path) -> None:
    refs = await asyncio.gather(*(blobs.put(ORG, b"x" * 100_000) for _ in range(8)))

    assert len(set(refs)) == 1
    assert await blobs.get(ORG, refs[0]) == b"x" * 100_000
    [file] = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600


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


async def test_young_blobs_are_not_listed_and_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path / "blobs", grace_seconds=3600)
    old, young = await blobs.put(ORG, b"old"), await blobs.put(ORG, b"young")
    for path in files(tmp_path):
        if path.name == old:
            left = [path.with_name(f".{old}.{name}") for name in ("old", "young")]
            for one in (*left, path.with_name("README")):
                one.write_bytes(b"half")
            for one in (path, left[0], path.with_name("README")):
                os.utime(one, (1, 1))
    (tmp_path / "blobs" / "lost+found").mkdir()

    assert await blobs.listed(None, 10) == ((ORG, old),)
    assert await blobs.listed((ORG, old), 10) == ()

    names = {path.name for path in files(tmp_path)}
    assert names == {old, young, f".{old}.young", "README"}
