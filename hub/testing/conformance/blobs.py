"""The conformance suite of blob stores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import pytest

from hub.errors import NotFound
from hub.model.ids import Id, new_id
from hub.ports.blobs import Blobs
from hub.testing.conformance.scenario import Conformance, shows

__all__ = ["BlobsConformance"]

ORG, OTHER = new_id(), new_id()
TEXTS = ("", ".", "..", "../../etc/passwd", "/etc/passwd", "no such reference", "a" * 64, "a\n", "ä" * 40, "%2e%2e")
"""What is not a reference, or not one of a blob."""


class BlobsConformance(Conformance):
    """Subclass it in a test file and name what makes the blob store.

    Attributes:
        factory: Makes a blob store for a folder. Made a second time for the same folder, it finds the same blobs.
            It forgets a blob as soon as that is deleted.
    """

    factory: ClassVar[Callable[[Path], Blobs]]

    async def play(self, check: Callable[[Callable[[], Blobs]], Awaitable[None]], folder: Path) -> None:
        """Run `check` over an empty blob store, which it may open more than once."""
        await check(lambda: type(self).factory(folder))

    @shows(Blobs.put, Blobs.get)
    async def test_bytes_come_back(self, opened: Callable[[], Blobs]) -> None:
        """Of any length, in another process too."""
        values = [b"", b"\x00\xff\r\n", b"x" * 3_000_000]
        blobs = opened()
        refs = [await blobs.put(ORG, value) for value in values]

        assert [await blobs.get(ORG, ref) for ref in refs] == values
        assert [await opened().get(ORG, ref) for ref in refs] == values
        assert len(set(refs)) == len(values)
        assert all(0 < len(ref) <= 255 for ref in refs)

    @shows(Blobs.put)
    async def test_the_same_bytes_have_the_same_reference(self, opened: Callable[[], Blobs]) -> None:
        """Also when they are put at the same moment."""
        first, second = opened(), opened()

        refs = await asyncio.gather(*(blobs.put(ORG, b"x" * 100_000) for blobs in (first, second) * 4))

        assert len(set(refs)) == 1
        assert await first.get(ORG, refs[0]) == b"x" * 100_000

    @shows(Blobs.get, Blobs.delete)
    async def test_a_blob_of_another_org_is_not_there(self, opened: Callable[[], Blobs]) -> None:
        """Deleting it there leaves it here."""
        blobs = opened()
        ref = await blobs.put(ORG, b"x")

        with pytest.raises(NotFound):
            await blobs.get(OTHER, ref)
        await blobs.delete(OTHER, ref)
        assert await blobs.get(ORG, ref) == b"x"

    @shows(Blobs.get)
    async def test_a_text_that_is_no_reference_is_not_found(self, opened: Callable[[], Blobs]) -> None:
        """Whatever it is: it may come from outside."""
        blobs = opened()
        await blobs.put(ORG, b"x")
        for text in TEXTS:
            with pytest.raises(NotFound):
                await blobs.get(ORG, text)

    @shows(Blobs.delete)
    async def test_a_deleted_blob_is_gone_until_it_is_put_again(self, opened: Callable[[], Blobs]) -> None:
        """Deleting may be repeated."""
        blobs = opened()
        ref, other = await blobs.put(ORG, b"x"), await blobs.put(ORG, b"y")

        for _ in range(2):
            await blobs.delete(ORG, ref)
            with pytest.raises(NotFound):
                await blobs.get(ORG, ref)

        assert await blobs.get(ORG, other) == b"y"
        assert await blobs.put(ORG, b"x") == ref
        assert await blobs.get(ORG, ref) == b"x"

    @shows(Blobs.listed)
    async def test_every_blob_is_listed_once_in_steps(self, opened: Callable[[], Blobs]) -> None:
        """Those of all orgs, and none that was deleted."""
        blobs = opened()
        assert await blobs.listed(None, 5) == ()
        there = {(org, await blobs.put(org, b"%d" % number)) for org in (ORG, OTHER) for number in range(20)}
        gone = min(there)
        await blobs.delete(*gone)

        seen: list[tuple[Id, str]] = []
        while step := await blobs.listed(seen[-1] if seen else None, 7):
            assert len(step) <= 7
            seen += step

        assert len(seen) == len(set(seen))
        assert set(seen) == there - {gone}
        assert await opened().listed(None, 100) == tuple(seen)

    @shows(Blobs.put, Blobs.delete)
    async def test_putting_and_deleting_at_once_leaves_whole_blobs(self, opened: Callable[[], Blobs]) -> None:
        """A reader finds all of the bytes, or none."""
        blobs, value = opened(), b"x" * 50_000
        ref = await blobs.put(ORG, value)

        async def read() -> bytes:
            try:
                return await blobs.get(ORG, ref)
            except NotFound:
                return value

        calls = [work for _ in range(10) for work in (blobs.put(ORG, value), blobs.delete(ORG, ref), read())]
        outcomes = await asyncio.gather(*calls)

        assert {outcome for outcome in outcomes if isinstance(outcome, bytes)} == {value}
        await blobs.put(ORG, value)
        assert await blobs.get(ORG, ref) == value
