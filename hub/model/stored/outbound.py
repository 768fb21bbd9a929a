"""The outbound registry: subscriptions, messages, deliveries, attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.model.ids import Id
from hub.model.retry import Retry
from hub.model.stored.execution import Lease
from hub.model.stored.source import SAME_SECRETS, RateLimit, SecretsChange, StoredSecret

__all__ = [
    "Account",
    "Attempt",
    "Attempted",
    "Claim",
    "DeliveryRecord",
    "DeliveryState",
    "DueDelivery",
    "MessageRecord",
    "MessageState",
    "NewDelivery",
    "Published",
    "SubscriptionChange",
    "SubscriptionRecord",
    "SubscriptionSpec",
    "TlsOptions",
]

DeliveryState = Literal["pending", "paused", "delivered", "dead", "skipped", "cancelled"]
"""pending: due now or later. paused: waits until its subscription is enabled. skipped: accepted while the subscription
was disabled, sent only when asked for. cancelled: the subscription was deleted."""
MessageState = Literal["accepted", "dropped", "held"]
"""dropped: a plugin's `hub_message` let it go. held: a plugin failed, a replay asks it again."""


class TlsOptions(BaseModel):
    """Per-subscription TLS: PEM texts; the key of a client certificate is kept as a secret (slot `tls_key`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: Annotated[str, Field(max_length=200_000)] | None = None
    client_certificate: Annotated[str, Field(max_length=200_000)] | None = None


class SubscriptionSpec(BaseModel):
    """What an integrator sets on a subscription; its secrets travel apart."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(max_length=200)] = ""
    url: Annotated[str, Field(max_length=2_000)]
    events: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]
    clients: tuple[Annotated[str, Field(max_length=200)], ...] = ()
    scheme: Annotated[str, Field(max_length=100)] = "standard"
    ssl_verification: bool = True
    enabled: bool = True
    headers: dict[str, str] = {}
    template: Any = None
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 8
    rate_limit: RateLimit | None = None
    retry: Retry = Retry()
    tls: TlsOptions = TlsOptions()


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """A subscription as the store's snapshot holds it.

    Attributes:
        cuid: The id under which PlexTrac's face knows it.
        generation: Grows with every change of the subscription, its secrets and its health.
        failing_since: Since when no delivery has succeeded, microseconds UTC; None while it is healthy.
        disabled_reason: Why the hub disabled it; empty when the hub did not.
        disabled_at: Since when it is disabled, by a caller or by the hub, microseconds UTC; None while it is enabled.
    """

    org: Id
    id: Id
    cuid: str
    spec: SubscriptionSpec
    secrets: tuple[StoredSecret, ...]
    generation: int
    created: int
    updated: int
    failing_since: int | None = None
    warned: bool = False
    disabled_reason: str = ""
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChange:
    """What one operation of the store changes of a subscription.

    Attributes:
        spec: The new spec as a whole; None leaves the old one.
        secrets: What happens to its secrets, the key of its client certificate included.
    """

    spec: SubscriptionSpec | None = None
    secrets: SecretsChange = SAME_SECRETS


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """An event published outward; frozen when accepted.

    Attributes:
        origin: Who published it: `api`, `execution`, `plugin`, `hub` (operational events), `test`.
        reason: Why it was dropped or is held.
        idempotency_key: A second message with the same key in the org is the first one.
    """

    org: Id
    id: Id
    type: str
    data: Any
    created: int
    client: str | None = None
    ordering_key: str | None = None
    idempotency_key: str | None = None
    origin: str = "api"
    state: MessageState = "accepted"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One message on its way to one subscription.

    Attributes:
        body: The frozen bytes that every attempt sends; empty where they are in the blob store under `body_ref`.
        sequence: Commit order; FIFO within subscription and ordering key follows it.
        attempts: HTTP tries so far.
        tries: Those of them since it was last queued; the retries of RETRY are counted from there.
    """

    org: Id
    id: Id
    message: Id
    subscription: Id
    type: str
    state: DeliveryState
    body: bytes
    created: int
    ordering_key: str | None = None
    sequence: int = 0
    due: int = 0
    attempts: int = 0
    finished: int | None = None
    error: str = ""
    crashes: int = 0
    tries: int = 0
    body_ref: str | None = None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to accept; `lease` is set when this process is to send it at once."""

    record: DeliveryRecord
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A committed message.

    Attributes:
        id: Its id; for a repeated idempotency key that of the first one.
        deliveries: How many deliveries it has.
        duplicate: The idempotency key was there before; nothing was kept.
        leased: The deliveries that were born claimed.
    """

    id: Id
    deliveries: int
    duplicate: bool = False
    leased: tuple[DueDelivery, ...] = ()


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery with the lease just won."""

    record: DeliveryRecord
    lease: Lease


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP try of a delivery, secrets and signatures masked.

    Attributes:
        at: Microseconds UTC when it began.
        address: The address dialled, None when none was.
        status: HTTP status, None when no answer came.
        error: A sentence that says why it failed, empty when it did not; for operators where `refused`.
        refused: The egress guard said no; tenants read "address refused" instead of address and sentence.
    """

    number: int
    at: int
    address: str | None
    status: int | None
    duration_ms: int
    request_headers: tuple[tuple[str, str], ...]
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str = ""
    error: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt as it ended and what becomes of its delivery.

    Attributes:
        of: The delivery as it was claimed; its lease is given up.
        due: When it is tried again, microseconds UTC, while `state` is pending.
        error: The delivery's error from now on, empty when it has arrived.
        tries: Tries since it was last queued, this one included.
        at: When the attempt ended, microseconds UTC.
    """

    of: DueDelivery
    attempt: Attempt
    state: DeliveryState
    at: int
    due: int = 0
    error: str = ""
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claim has won.

    Attributes:
        deliveries: In the order in which they are to be sent, per subscription.
        later: For each subscription asked about that has no more to claim now: when its next one may be claimed
            (microseconds UTC), None when nothing is pending.
    """

    deliveries: tuple[DueDelivery, ...]
    later: Mapping[Id, int | None]


@dataclass(frozen=True, slots=True)
class Account:
    """Where every message accepted in a span of time has ended up.

    Attributes:
        messages: How many were accepted.
        dropped: Let go by a plugin.
        held: Held because a plugin failed.
        unmatched: Kept though no subscription wanted them.
        delivered: Every delivery has arrived.
        undelivered: At least one delivery has not, whatever its state.
        deliveries: How many deliveries are in each state.
    """

    messages: int
    dropped: int
    held: int
    unmatched: int
    delivered: int
    undelivered: int
    deliveries: Mapping[str, int]
