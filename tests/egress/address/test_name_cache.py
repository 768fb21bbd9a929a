"""Lookups: judged, kept, shared."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hub.egress.address.name_cache import NameCache
from hub.errors import AddressRefused


class Slow:
    """A resolver that answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.let = asyncio.Event()
        self.error: OSError | None = None

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked += 1
        await self.let.wait()
        if self.error is not None:
            raise self.error
        return [f"1.1.1.{len(host)}"]


def passes(_address: str) -> None:
    """Every address may be dialled."""


async def test_callers_of_one_name_share_one_lookup() -> None:
    slow = Slow()
    names = NameCache(slow, passes, seconds=60)
    waiting = [asyncio.create_task(names.addresses("abc")) for _ in range(5)]
    await asyncio.wait(waiting, timeout=0)
    assert names.is_asking("abc")
    slow.let.set()
    assert {await task for task in waiting} == {("1.1.1.3",)}
    assert await names.addresses("abc") == ("1.1.1.3",)
    assert slow.asked == 1
    assert not names.is_asking("abc")


async def test_a_caller_that_gives_up_leaves_the_lookup_to_the_others() -> None:
    slow = Slow()
    names = NameCache(slow, passes, seconds=60)
    first, second = (asyncio.create_task(names.addresses("abc")) for _ in range(2))
    await asyncio.wait([first, second], timeout=0)
    first.cancel()
    slow.let.set()
    assert await second == ("1.1.1.3",)
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    slow = Slow()
    slow.error = OSError("no")
    slow.let.set()
    names = NameCache(slow, passes, seconds=60)
    results = await asyncio.gather(*(names.addresses("abc") for _ in range(2)), return_exceptions=True)
    assert results == [slow.error, slow.error]
    slow.error = None
    assert await names.addresses("abc") == ("1.1.1.3",)


async def test_a_refused_answer_is_not_kept() -> None:
    def never(address: str) -> None:
        raise AddressRefused(address)

    slow = Slow()
    slow.let.set()
    names = NameCache(slow, never, seconds=60)
    for _ in range(2):
        with pytest.raises(AddressRefused):
            await names.addresses("abc")
    assert slow.asked == 2


async def test_an_answer_can_be_forgotten_or_never_kept() -> None:
    slow = Slow()
    slow.let.set()
    kept, fresh = NameCache(slow, passes, seconds=60), NameCache(slow, passes, seconds=0)
    await kept.addresses("abc")
    kept.forget("abc")
    await kept.addresses("abc")
    assert slow.asked == 2
    await fresh.addresses("abc")
    await fresh.addresses("abc")
    assert slow.asked == 4


async def test_closing_gives_up_lookups() -> None:
    names = NameCache(Slow(), passes, seconds=60)
    waiting = asyncio.create_task(names.addresses("abc"))
    await asyncio.wait([waiting], timeout=0)
    await names.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_answers_kept_are_bounded() -> None:
    slow = Slow()
    slow.let.set()
    names = NameCache(slow, passes, seconds=60)
    for number in range(5000):
        await names.addresses(f"host{number}")
    assert len(names._answers) == 4096
