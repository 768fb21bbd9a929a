"""What became of the events of a request, packed into bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.model.ids import Id
from hub.model.stored.inbound import AcceptedEvent

__all__ = ["pack_events", "split_ids", "unpack_events"]

_DUPLICATE = 1 << 15


def pack_events(happened: Sequence[AcceptedEvent]) -> bytes:
    """For each event 16 bytes of id, two bytes with a bit for a duplicate and the count of executions, and their ids.

    The packed events of two sequences, one after the other, are those of both.
    """
    return b"".join(
        event.id + (event.duplicate * _DUPLICATE | len(event.executions)).to_bytes(2) + b"".join(event.executions)
        for event in happened
    )


def unpack_events(packed: bytes) -> Iterator[AcceptedEvent]:
    """The events of `pack_events`, in order."""
    at = 0
    while at < len(packed):
        head = int.from_bytes(packed[at + 16 : at + 18])
        end = at + 18 + 16 * (head & ~_DUPLICATE)
        yield AcceptedEvent(packed[at : at + 16], bool(head & _DUPLICATE), split_ids(packed[at + 18 : end]))
        at = end


def split_ids(ids: bytes) -> tuple[Id, ...]:
    """Ids that were written one after the other."""
    return tuple(ids[start : start + 16] for start in range(0, len(ids), 16))
