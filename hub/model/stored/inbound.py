"""Requests and events as stored, and the input and output of the transaction that accepts a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from hub.model.ids import Id
from hub.model.stored.execution import NewExecution
from hub.model.stored.files import NewFile

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
    """A request as evidence: its exact bytes, without usable credentials.

    Attributes:
        received: Microseconds UTC.
        url: Path and query as sent; fingerprints replace credentials.
        headers: As sent, in order; fingerprints replace credentials.
        body: The exact bytes, or None if they are in the blob store under `body_ref`.
        step: The step that decided: `accept`, or the one that refused.
        reason: Why it was refused, held or answered as a challenge, for the operator.
        status: HTTP status of the answer.
        secret: Id of the secret that matched, if one did.
        account: Account of the grant, which a replay inherits.
        replay_of: The request that this one replays.
        released: When it, or an event of it, was held and became accepted, microseconds UTC.
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
    released: int | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One happening read from a request.

    Attributes:
        key: The vendor's id of the event, by which duplicates are found. An event without one is never a duplicate.
        time: When it happened according to the vendor, microseconds UTC.
        data: A JSON value, or bytes.
        reason: Why it was dropped or held.
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
    """An event to accept, and the executions that it starts unless it is a duplicate."""

    record: EventRecord
    executions: tuple[NewExecution, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret that the accepting transaction stores. The value None deletes the secrets of the slot and label.

    Attributes:
        decoded: The key bytes of `value`, if they are not its UTF-8 bytes.
    """

    slot: str
    value: str | None
    label: str | None = None
    replace: bool = True
    decoded: bytes | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Everything that one request changes, committed in one transaction or not at all.

    Attributes:
        generation: Generation of the source with which the request was checked.
        nonce: `Grant.once`, claimed for the source. A repeated one makes the request a duplicate if the body is the
            same, and raises `NonceReplayed` otherwise.
        files: Files of the request.
    """

    request: RequestRecord
    generation: int
    events: tuple[NewEvent, ...] = ()
    keep: tuple[KeptSecret, ...] = ()
    nonce: str | None = None
    files: tuple[NewFile, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """The outcome of one event. A duplicate has the id and the executions of the first event."""

    id: Id
    duplicate: bool
    executions: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The outcome of a request after the commit.

    Attributes:
        request: Id of the request, or of the first request with the same nonce.
        duplicate: Whether all its events, or its nonce, were accepted before.
        events: In the order of `Acceptance.events`.
    """

    request: Id
    duplicate: bool
    events: tuple[AcceptedEvent, ...] = field(default=())

    @property
    def executions(self) -> tuple[Id, ...]:
        """Ids of all executions in the order of the events; a duplicate contributes those of the first event."""
        return tuple(execution for event in self.events for execution in event.executions)
