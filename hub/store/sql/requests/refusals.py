"""Keeping refused requests: without a wait for the sender, and only so many of a flood as an operator can use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from hub.model.ids import Id
from hub.model.stored.inbound import RequestRecord
from hub.ports.clock import Clock
from hub.ports.store.inbound import REFUSALS_AT_ONCE, REFUSALS_PER_MINUTE, REFUSED_BODY_BYTES
from hub.store.sql.bulk import NewRow
from hub.store.sql.requests.acceptance import REQUESTS
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority, Writer

__all__ = ["Refusals"]

_REFILL = 60_000_000 // REFUSALS_PER_MINUTE
"""Microseconds after which a source may have one more refusal kept."""
_SOURCES = 10_000
"""Sources of which something is remembered before those that have long been quiet are forgotten."""

Seal = Callable[[RequestRecord, bytes | None, str | None], NewRow]
"""(request, body, reference of the body) -> its row."""


class Refusals:
    """Offers refused requests to the writer, as many of each source as the port allows.

    Attributes:
        dropped: How many were not kept.
    """

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._full: dict[tuple[Id, Id], int] = {}
        self.dropped = 0

    def keep(self, record: RequestRecord, seal: Seal) -> None:
        """Queue `record` with the beginning of its body, or count it as dropped."""
        now = self._clock.now()
        source = (record.org, record.source)
        # A leaky bucket in one number: the moment at which the source has all of its refusals again. Each one that is
        # kept moves it further away, and beyond the capacity of the bucket nothing is kept.
        full = max(self._full.get(source, 0), now)
        if full - now > (REFUSALS_AT_ONCE - 1) * _REFILL or not self._offer(record, seal):
            self.dropped += 1
            return
        if len(self._full) >= _SOURCES:
            self._full = {key: when for key, when in self._full.items() if when > now}
        self._full[source] = full + _REFILL

    def _offer(self, record: RequestRecord, seal: Seal) -> bool:
        body = record.body[:REFUSED_BODY_BYTES] if record.body is not None else None
        row = seal(replace(record, body=None, body_ref=None), body, None)
        return self._writer.offer(Priority.LOGS, _keep, row)


def _keep(transaction: Transaction, rows: Sequence[NewRow]) -> Sequence[None]:
    REQUESTS.run(transaction.connection, rows)
    return [None] * len(rows)
