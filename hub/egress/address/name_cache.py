"""A cache of resolved names that all calls share: checked addresses, kept for some seconds."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from hub.egress.address.resolver import Resolver

__all__ = ["NameCache"]

_KEPT: Final = 4096


class NameCache:
    """Resolves names, each once at a time, and keeps the addresses for some seconds.

    Only addresses that pass `check` are kept. The guard checks each of them again when it is dialled, so that a name
    that changes its addresses gains nothing by the cache.

    Args:
        resolver: Resolves names.
        check: Raises for an address that may not be dialled.
        seconds: How long addresses are kept; 0 resolves each time.
    """

    def __init__(self, resolver: Resolver, check: Callable[[str], None], seconds: float) -> None:
        self._resolver = resolver
        self._check = check
        self._seconds = seconds
        self._answers: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    async def addresses(self, host: str) -> tuple[str, ...]:
        """All addresses of a name, checked.

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
        return await asyncio.shield(task)  # a caller that gives up must not end the lookup of the others

    def is_asking(self, host: str) -> bool:
        """Whether this name is being resolved at the moment."""
        return host in self._asking

    def forget(self, host: str) -> None:
        """Resolve the name again at the next call."""
        self._answers.pop(host, None)

    async def close(self) -> None:
        """Cancel the lookups under way."""
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
            task.exception()  # seen here, since all callers may have given up, and asyncio warns of what nobody saw
