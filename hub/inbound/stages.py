"""The values that travel: what is known of a request after each step.

Each is frozen, made by one step of `hub.inbound.steps`, and holds the value that the step was given. `next_step` names
the step that takes it, so that a failure can be put down to that step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from hub.inbound.gate import Gate
from hub.inbound.http.arrival import Arrival
from hub.model.ids import Id
from hub.model.stored.files import NewFile
from hub.model.stored.inbound import NewEvent, RequestRecord
from hub.model.stored.source import SourceRecord, StoredSecret
from hub.model.stored.workflow import WorkflowRecord
from hub.model.wire.event import Event
from hub.model.wire.grant import Grant
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.ports.store.snapshot import Snapshot
from hub.sdk.context import Source
from hub.sdk.dialect import DialectTarget, ParsedBody, StartedExecution
from hub.sdk.vendor import Vendor

__all__ = [
    "AcceptedRequest",
    "AdmittedRequest",
    "ChallengedRequest",
    "GuardedRequest",
    "IdentifiedRequest",
    "Origin",
    "PreparedRequest",
    "ReadRequest",
    "Stage",
    "VerifiedRequest",
    "admitted_in",
    "body_in",
    "identified_in",
    "verified_in",
]

Origin = Literal["sender", "replay", "release", "judged"]
"""Why a request takes the steps: it came in, a person replays it as a new request, a held one is released,
or a refused one passes when it is judged again."""


@dataclass(frozen=True, slots=True)
class IdentifiedRequest:
    """After step 1: the source is known.

    Attributes:
        gate: Of the source, or of a decoy that admits nobody.
        snapshot: What all later steps look things up in.
        workflow: The workflow that owns the source.
        url_secret: The secret that the URL carries; None where the dialect's URLs carry none.
        vendor: The vendor that the source is bound to; None without one, and while its plugin is not active.
        challenger: Who may answer a handshake: the bound vendor, or the one that `vendor=` in the URL lends to a
            source bound to none.
    """

    next_step: ClassVar = "admit"

    arrival: Arrival
    snapshot: Snapshot
    gate: Gate
    workflow: WorkflowRecord | None
    target: DialectTarget
    url_secret: StoredSecret | None
    vendor: Vendor | None
    challenger: Vendor | None

    @property
    def source(self) -> SourceRecord:
        """The source as the snapshot holds it."""
        return self.gate.source

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the source takes: its own, its challenger's, and HEAD where it takes GET."""
        taken = {*self.source.spec.methods, *(self.challenger.methods if self.challenger is not None else ())}
        return tuple(sorted(taken | {"HEAD"} if "GET" in taken else taken))

    @property
    def matched(self) -> tuple[Id, ...]:
        """Id of the secret that the URL carries, if it carries one."""
        return () if self.url_secret is None else (self.url_secret.id,)


@dataclass(frozen=True, slots=True)
class AdmittedRequest:
    """After step 2: the source takes requests like this one, and the body has been read.

    Attributes:
        request: The request as plugins see it.
        clock: How long all plugins together may take from here on.
        matched: Ids of the secrets that matched so far, the strongest proof last.
    """

    next_step: ClassVar = "guard"

    identified: IdentifiedRequest
    request: Request
    clock: RequestClock
    matched: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class GuardedRequest:
    """After step 3: no plugin vetoes.

    Attributes:
        context: The source as plugins see it, with the secrets and settings of the challenger.
    """

    next_step: ClassVar = "challenge"

    admitted: AdmittedRequest
    context: Source


@dataclass(frozen=True, slots=True)
class ChallengedRequest:
    """After step 4: a handshake has been answered, or this is an ordinary request.

    Attributes:
        context: The source as plugins see it; nothing of a lent vendor is in it any more.
        reply: The committed answer to a handshake, which ends the request here; None for an ordinary request.
    """

    next_step: ClassVar = "verify"

    admitted: AdmittedRequest
    context: Source
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """After step 5: every credential has been checked. From here on, fingerprints stand in their place.

    Attributes:
        request: The request as readers and workflows see it.
        context: The source as plugins see it.
        clock: That of the admitted request.
        grant: What the vendor's scheme grants; empty for a source without a vendor.
        matched: Ids of all secrets that matched, the strongest proof last.
        record: The request as it is kept, in state accepted.
        origin: A replay inherits the verdict that its request was given when it came in.
    """

    next_step: ClassVar = "read"

    identified: IdentifiedRequest
    request: Request
    context: Source
    clock: RequestClock
    grant: Grant
    matched: tuple[Id, ...]
    record: RequestRecord
    origin: Origin = "sender"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """After step 6: the body has been read as events.

    Attributes:
        events: In the order of the body.
        parsed: The body as the dialect understands it; None where a vendor reads a body that the dialect cannot.
        failure: Why the vendor or a parser failed to read it; the request is held.
        first_runs: Of a replay, for each event: workflow -> its execution of the first time, which is replayed now.
        files: The files of a multipart form, in the order of the body.
    """

    next_step: ClassVar = "event"

    verified: VerifiedRequest
    events: tuple[Event, ...]
    parsed: ParsedBody | None
    failure: str = ""
    first_runs: tuple[Mapping[Id, Id], ...] = ()
    files: tuple[NewFile, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """After step 7: all that one transaction has to commit.

    Attributes:
        events: Each with the executions that it starts unless it is a duplicate.
        waits: The sender waits for the result, whatever the workflow does.
        responds: A workflow may answer the sender by a `respond` node.
    """

    next_step: ClassVar = "accept"

    read: ReadRequest
    events: tuple[NewEvent, ...]
    waits: bool
    responds: bool


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """After step 8: the transaction is committed.

    Attributes:
        duplicate: Every event of the request, or its nonce, was there before.
        started: The executions to tell the sender of; for duplicates those of the first time.
    """

    next_step: ClassVar = "reply"

    prepared: PreparedRequest
    duplicate: bool
    started: tuple[StartedExecution, ...]


Stage = (
    Arrival
    | IdentifiedRequest
    | AdmittedRequest
    | GuardedRequest
    | ChallengedRequest
    | VerifiedRequest
    | ReadRequest
    | PreparedRequest
    | AcceptedRequest
)
"""How far a request has come."""


def identified_in(at: Stage) -> IdentifiedRequest | None:
    """The identified request that a stage stands on; None before it is identified."""
    if isinstance(at, IdentifiedRequest):
        return at
    later = admitted_in(at) or verified_in(at)
    return None if later is None else later.identified


def body_in(at: Stage) -> bytes:
    """The body of the request as received, as far as it has been read."""
    later = admitted_in(at) or verified_in(at)
    if later is not None:
        return later.request.received_body
    arrival = at.arrival if isinstance(at, IdentifiedRequest) else at
    return arrival.body if isinstance(arrival, Arrival) and isinstance(arrival.body, bytes) else b""


def admitted_in(at: Stage) -> AdmittedRequest | None:
    """The admitted request that a stage stands on; None before it is admitted, and once it is verified."""
    if isinstance(at, GuardedRequest | ChallengedRequest):
        return at.admitted
    return at if isinstance(at, AdmittedRequest) else None


def verified_in(at: Stage) -> VerifiedRequest | None:
    """The verified request that a stage stands on; None before verification."""
    if isinstance(at, AcceptedRequest):
        at = at.prepared
    if isinstance(at, PreparedRequest):
        at = at.read
    if isinstance(at, ReadRequest):
        at = at.verified
    return at if isinstance(at, VerifiedRequest) else None
