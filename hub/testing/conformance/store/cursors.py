"""Cursors: they come from callers of the API, who may send anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import Invalid
from hub.ports.store import Access, Executions, InboundStore, Jobs, OutboundStore, Sources, Workflows
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["CursorChecks"]

WRONG = ("", "?", "zz", "00", "0" * 31, "0" * 32 + ".x", "0" * 32 + ".-1", "\u0661" * 32)


class CursorChecks(Conformance):
    """What every list does with a cursor."""

    @shows(
        Access.audit_log,
        Executions.list,
        InboundStore.events,
        InboundStore.requests,
        Jobs.list,
        OutboundStore.attempts,
        OutboundStore.deliveries,
        OutboundStore.messages,
        OutboundStore.subscriptions,
        Sources.list,
        Workflows.list,
    )
    async def test_a_cursor_that_no_store_gave_is_invalid(self, scene: StoreScene) -> None:
        """Never another page, never an error of the store."""
        made, store = await Outbox(scene).subscribe(), scene.store
        lists: list[Callable[..., Any]] = [
            store.access.audit_log,
            store.executions.list,
            store.inbound.events,
            store.inbound.requests,
            store.jobs.list,
            store.outbound.deliveries,
            store.outbound.messages,
            store.outbound.subscriptions,
            store.sources.list,
            store.workflows.list,
        ]
        for cursor in WRONG:
            for listed in lists:
                with pytest.raises(Invalid):
                    await listed(scene.org, limit=2, cursor=cursor)
            with pytest.raises(Invalid):
                await store.outbound.attempts(scene.org, made.id, limit=2, cursor=cursor)
