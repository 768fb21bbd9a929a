"""Requests and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.inbound import Acceptance, Accepted, EventRecord, NewEvent, RequestRecord
from hub.ports.store.page import Page

__all__ = ["InboundStore"]


class InboundStore(Protocol):
    """What senders sent and what was read from it."""

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """Commit request, events, executions, nonce and kept secrets together; duplicates are found here.

        Raises:
            StaleSource: The source's generation is no longer `acceptance.generation`; nothing was kept.
            NonceReplayed: The nonce was claimed by a request with another body; nothing was kept.
            StoreUnavailable: The commit failed; nothing was kept.
        """
        ...

    def refuse(self, record: RequestRecord) -> None:
        """Keep a refused request off the request path, capped per source; never raises, may drop under flood."""
        ...

    @property
    def refusals_dropped(self) -> int:
        """Refused requests that this process has not kept, since its start."""
        ...

    async def hold(self, acceptance: Acceptance) -> Accepted:
        """Keep a request whose reading or hooks failed: state held, visible and retryable. As `accept`."""
        ...

    async def release(self, org: Id, request: Id, events: Sequence[NewEvent]) -> Accepted:
        """Turn a held request, or the held events of an accepted one, into accepted ones with these events.

        Raises `NotFound`, and `Conflict` when nothing of it is held.
        """
        ...

    async def request(self, org: Id, request: Id) -> RequestRecord:
        """One request with its body (from the blob store if need be). Raises `NotFound`."""
        ...

    async def requests(
        self,
        org: Id,
        *,
        source: Id | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
        oldest_first: bool = False,
    ) -> Page[RequestRecord]:
        """Requests newest first (or oldest first), bodies left out."""
        ...

    async def event(self, org: Id, event: Id) -> EventRecord:
        """Raises `NotFound`."""
        ...

    async def events(
        self,
        org: Id,
        *,
        source: Id | None = None,
        type: str | None = None,  # noqa: A002 - the filter's name in the HTTP contract
        request: Id | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[EventRecord]:
        """Events newest first."""
        ...
