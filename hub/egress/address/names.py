"""Names looked up once for all calls: judged as a whole, kept for some seconds, one lookup at a time for each."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from hub.egress.address.resolver import Resolver

__all__ = ["Names"]

_KEPT: Final = 4096


class Names:
    """A cache before a resolver.

    Only an answer that `check` lets pass is kept, and who dials it judges each address again, so that a name which
    changes its addresses gains nothing.

    Args:
        resolver: Asks the name servers.
        check: Raises for an address that may not be dialled.
        seconds: How long an answer is kept; 0 asks each time.
    """

    def __init__(self, resolver: Resolver, check: Callable[[str], None], seconds: float) -> None:
        self._resolver = resolver
        self._check = check
        self._seconds = seconds
        self._answers: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of a name, each judged.

        Raises:
            AddressRefused: One of them may not be dialled.
            OSError: The name does not resolve.
        """
        now = asyncio.get_running_loop().time()
        if (kept := self._answers.get(host)) is not None and now < kept[0]:
            return kept[1]
        task = self._asking.get(host)
        if task is None:
            task = asyncio.create_task(self._ask(host), name=f"resolve {host}")
            self._asking[host] = task
            task.add_done_callback(lambda done: self._asked(host, done))
        return await asyncio.shield(task)

    def is_asking(self, host: str) -> bool:
        """Whether a lookup of this name is under way."""
        return host in self._asking

    def forget(self, host: str) -> None:
        """Ask again at the next call, since what is kept did not answer."""
        self._answers.pop(host, None)

    async def close(self) -> None:
        """Give up the lookups under way."""
        tasks = tuple(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, host: str) -> tuple[str, ...]:
        addresses = tuple(await self._resolver.resolve(host))
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no addresses")
        for address in addresses:
            self._check(address)
        if self._seconds > 0:
            self._answers[host] = (asyncio.get_running_loop().time() + self._seconds, addresses)
            self._answers.move_to_end(host)
            if len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return addresses

    def _asked(self, host: str, task: asyncio.Task[tuple[str, ...]]) -> None:
        self._asking.pop(host, None)
        if not task.cancelled():
            task.exception()  # callers that gave up waiting leave nobody to look at it
