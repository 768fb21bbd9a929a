"""Resolving names to addresses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

__all__ = ["Resolver", "SystemResolver"]

_THREADS: Final = 16


class Resolver(Protocol):
    """Resolves names."""

    async def resolve(self, host: str) -> Sequence[str]:
        """All addresses of a name as text, in the order in which to try them, scope ids allowed.

        Raises:
            OSError: It does not resolve. A `socket.gaierror` says whether trying again may help.
        """
        ...


class SystemResolver:
    """The resolver of the machine, in threads of its own, so that a slow name server delays nothing but names."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="hub-names")

    async def resolve(self, host: str) -> Sequence[str]:
        """As `Resolver.resolve`, without address families that the machine itself has no address of."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host.encode("ascii"))

    def close(self) -> None:
        """End the threads without waiting for lookups under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: bytes) -> tuple[str, ...]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
