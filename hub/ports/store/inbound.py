"""Requests and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.files import NewFile
from hub.model.stored.inbound import Acceptance, Accepted, EventRecord, NewEvent, RequestRecord
from hub.model.stored.jobs import ReplaySelection
from hub.ports.store.page import Page

__all__ = ["REFUSALS_AT_ONCE", "REFUSALS_PER_MINUTE", "REFUSED_BODY_BYTES", "InboundStore"]

REFUSALS_AT_ONCE = 100
"""Refused requests of one source that are kept in a row."""
REFUSALS_PER_MINUTE = 10
"""Refused requests of one source that are kept in the long run."""
REFUSED_BODY_BYTES = 16 * 1024
"""What is kept of the body of a refused request."""


class InboundStore(Protocol):
    """What senders sent, and what was read from it."""

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """Commit a request with its events, their executions, its nonce and the secrets to keep: all or nothing.

        Within the transaction, in this order:

        1. The source must still have `acceptance.generation`, whichever process changed it last.
        2. The nonce is claimed for the source. If a request with the same digest claimed it before, this request is
           kept in state duplicate without its events, and the answer is that of the first one, as a duplicate.
        3. Events are kept with their executions. Of several with the same source, account and key only the first is,
           also if they are accepted in one moment by several processes or stand in one request; for the others the
           answer names the first event and its executions. Held and dropped events count as first ones. An event
           without a key is never a duplicate.
        4. The request is kept as it is given, with its files, or in state duplicate if it has events and all of them
           are duplicates. One in state held (it could not be read, or a hook failed) waits for `release`.
        5. Secrets are kept as by `Sources.keep`.

        An execution with a `lease` is running at once, under the fence of its lease; one that is `finished` is kept
        with its end and its journal; all others are queued.

        A request of very many events is accepted as a whole as well: after a crash all of its events are there once the
        store has started again, or none is. But their rows may appear one after the other, so that other requests
        are accepted in between. The call returns when all are there; if they cannot be written now, it returns what is
        expected of them, since a sender that is told of a failure would send again what is accepted.

        Raises:
            StaleSource: The source has another generation or is gone. The snapshot shows its newest state by then.
            NonceReplayed: A request with another digest claimed the nonce before.
        """
        ...

    def refuse(self, record: RequestRecord) -> None:
        """Keep a refused request soon, without a wait; it is lost if the process ends before.

        Of its body the first `REFUSED_BODY_BYTES` are kept. Of each source `REFUSALS_AT_ONCE` are kept in a row and
        `REFUSALS_PER_MINUTE` in the long run, by the hub's clock and per process; others are counted as dropped, as
        is what comes while too many wait. Never raises.
        """
        ...

    def note(self, org: Id, request: Id, note: str) -> None:
        """Add a sentence to the reason of a kept request soon, without a wait.

        It is lost if the process ends before, if too many wait, or if there is no such request. Never raises.
        """
        ...

    @property
    def refusals_dropped(self) -> int:
        """Refused requests that this process has not kept since its start."""
        ...

    async def release(
        self, org: Id, request: Id, events: Sequence[NewEvent], files: Sequence[NewFile] = ()
    ) -> Accepted:
        """Replace what is held of a request by `events`, and accept them.

        The request is held as a whole, or events of an accepted request are. Its held events are removed, and their
        places as first ones of their keys are free for `events`, which are then kept as by `accept` (step 3), with
        those of `files` that are not there yet. The request becomes accepted, and `released` is set; one that was held
        becomes a duplicate if it has events and all are duplicates. Of several callers at the same moment one succeeds.
        The source's generation does not matter: a release inherits the verdict that the request was given.

        Raises:
            NotFound: The org has no such request.
            Conflict: Nothing of it is held.
        """
        ...

    async def request(self, org: Id, request: Id) -> RequestRecord:
        """One request with its body, from the blob store if need be.

        Raises:
            NotFound: The org has no such request.
        """
        ...

    async def requests(
        self,
        org: Id,
        *,
        source: Id | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[RequestRecord]:
        """Requests of the org, or of one source, or in one state, newest first, without their bodies."""
        ...

    async def replayable(self, selection: ReplaySelection, *, after: Id | None, limit: int) -> tuple[Id, ...]:
        """Ids of the requests selected, oldest first.

        Args:
            selection: Which requests.
            after: Begin behind this request; None: with the oldest.
            limit: Ids at most.
        """
        ...

    async def count_replayable(self, selection: ReplaySelection, *, after: Id | None = None) -> int:
        """How many requests `replayable` lists in all, from behind `after`."""
        ...

    async def event(self, org: Id, event: Id) -> EventRecord:
        """One event with its data, from the blob store if need be.

        Raises:
            NotFound: The org has no such event.
        """
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
        """Events of the org with their data, or those of one source, type or request."""
        ...
