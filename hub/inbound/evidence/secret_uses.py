"""When each secret was last used: noted off the request path, and no more often than anybody can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hub.model.ids import Id
from hub.model.stored.source import SourceRecord
from hub.ports.store import Sources

__all__ = ["SecretUses"]

_EVERY = 10_000_000
"""Microseconds within which a second use of a secret is not written again."""
_REMEMBERED = 50_000


class SecretUses:
    """Hands uses of secrets to the store; a busy secret costs one write in ten seconds."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._noted: dict[Id, int] = {}
        self._writing: set[asyncio.Future[None]] = set()

    def note(self, source: SourceRecord, secrets: Iterable[Id], at: int) -> None:
        """Secrets of `source` matched at `at` (microseconds UTC); never waits or raises."""
        for secret in secrets:
            if at - self._noted.get(secret, 0) < _EVERY:
                continue
            if len(self._noted) >= _REMEMBERED:
                self._noted.clear()
            self._noted[secret] = at
            writing = asyncio.ensure_future(self._sources.touch_secret(source.org, source.id, secret, at))
            self._writing.add(writing)
            writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[None]) -> None:
        """A use that could not be written is no loss: the next one will be."""
        self._writing.discard(writing)
        if not writing.cancelled():
            writing.exception()
