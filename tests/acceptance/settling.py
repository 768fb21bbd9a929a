"""Waiting for what the hub does off the request path."""

from __future__ import annotations

from hub.store.sql.store import SqlStore
from hub.store.sql.writer import Priority
from hub.testing.live import LiveHub

__all__ = ["written"]


async def written(hub: LiveHub) -> None:
    """Return once everything offered to the writer so far is committed."""
    store = hub.services.store
    assert isinstance(store, SqlStore)
    for _ in range(3):
        await store._writer.run(Priority.RETENTION, lambda _: None)
