"""Requests and events as they are kept, and what one accepting transaction takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from hub.model.ids import Id
from hub.model.stored.execution import NewExecution

__all__ = [
    "Acceptance",
    "Accepted",
    "AcceptedEvent",
    "EventRecord",
    "EventState",
    "KeptSecret",
    "NewEvent",
    "RequestRecord",
    "RequestState",
]

RequestState = Literal["accepted", "refused", "held", "challenge", "duplicate"]
EventState = Literal["accepted", "held", "dropped"]


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as evidence: byte for byte, without a live credential in it.

    Attributes:
        received: Microseconds UTC.
        url: Path and query as sent, credentials replaced by fingerprints.
        headers: As sent, in order; credentials replaced by fingerprints.
        body: The exact bytes, or None where they are in the blob store under `body_ref`.
        step: The step of design 3 that decided (`accept`, or the one that refused).
        reason: For the operator: why refused, held or challenged.
        status: The HTTP status answered.
        secret: The secret that matched, if one did (its id).
        account: Account of the grant; a replay inherits it.
        replay_of: The request that this one replays.
    """

    org: Id
    id: Id
    source: Id
    received: int
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    size: int
    digest: str
    client: str
    dialect: str
    state: RequestState
    step: str
    reason: str = ""
    status: int = 0
    vendor: str | None = None
    secret: Id | None = None
    account: str | None = None
    body_ref: str | None = None
    replay_of: Id | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One happening read from a request.

    Attributes:
        key: The vendor's id of the event, the duplicate key; None is never a duplicate.
        time: When it happened at the vendor, microseconds UTC, if the vendor says.
        data: A JSON value, or bytes.
        reason: Why it was dropped or is held.
    """

    org: Id
    id: Id
    source: Id
    request: Id
    type: str
    key: str | None
    account: str | None
    time: int | None
    received: int
    data: Any
    control: bool = False
    state: EventState = "accepted"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to accept, with the executions that it starts unless it is a duplicate."""

    record: EventRecord
    executions: tuple[NewExecution, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret to store (value None: forget the slot's secrets of that label) in the accepting transaction.

    Attributes:
        decoded: The key bytes of `value` as its credential decodes them; None: its UTF-8 bytes.
    """

    slot: str
    value: str | None
    label: str | None = None
    replace: bool = True
    decoded: bytes | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """All that one request changes; committed as one transaction or not at all.

    Attributes:
        generation: Generation of the source that the request was checked against.
        nonce: `Grant.once`: claimed for the source; seen with the same body: duplicate, other body: NonceReplayed.
    """

    request: RequestRecord
    generation: int
    events: tuple[NewEvent, ...] = ()
    keep: tuple[KeptSecret, ...] = ()
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """What became of one event: for a duplicate, the id and executions of the first one."""

    id: Id
    duplicate: bool
    executions: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The committed outcome.

    Attributes:
        request: Id of the request; for a repeated nonce, of the first one.
        duplicate: Every event of the request (or its nonce) was there before.
        events: In the order of the acceptance.
    """

    request: Id
    duplicate: bool
    events: tuple[AcceptedEvent, ...] = field(default=())

    @property
    def executions(self) -> tuple[Id, ...]:
        """Ids of all executions, first ones for duplicates, in event order."""
        return tuple(execution for event in self.events for execution in event.executions)
