"""When each secret was last used: written off the request path, and at most once in ten seconds for each secret."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from hub.model.ids import Id
from hub.model.stored.source import SourceRecord
from hub.model.times import SECOND
from hub.ports.store import Sources

__all__ = ["SecretUses"]

_INTERVAL = 10 * SECOND
"""A further use of a secret within this time is not written."""
_MAX_NOTED = 50_000


class SecretUses:
    """Hands uses of secrets to the store; a busy secret costs one write in ten seconds."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._noted: dict[Id, int] = {}
        self._writing: set[asyncio.Future[None]] = set()

    def note(self, source: SourceRecord, secrets: Iterable[Id], at: int) -> None:
        """Secrets of `source` matched at `at` (microseconds UTC); never waits or raises."""
        for secret in secrets:
            if at - self._noted.get(secret, 0) < _INTERVAL:
                continue
            if len(self._noted) >= _MAX_NOTED:
                self._noted.clear()
            self._noted[secret] = at
            writing = asyncio.ensure_future(self._sources.touch_secret(source.org, source.id, secret, at))
            self._writing.add(writing)
            writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[None]) -> None:
        """A use that could not be written is let go: a later one will be."""
        self._writing.discard(writing)
        if not writing.cancelled():
            writing.exception()
