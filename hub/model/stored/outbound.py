"""The outbound registry: subscriptions, messages, deliveries, attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.model.ids import Id
from hub.model.retry import DELIVERY_SCHEDULE, DeliveryRetry
from hub.model.stored.execution import Lease
from hub.model.stored.source import SAME_SECRETS, RateLimit, SecretsChange, StoredSecret

__all__ = [
    "Attempt",
    "Attempted",
    "Claim",
    "DeliveryRecord",
    "DeliveryState",
    "DueDelivery",
    "MessageRecord",
    "MessageState",
    "MessageTotals",
    "NewDelivery",
    "Published",
    "Resent",
    "SubscriptionChange",
    "SubscriptionRecord",
    "SubscriptionSpec",
    "TlsOptions",
]

DeliveryState = Literal["pending", "paused", "delivered", "dead", "skipped", "cancelled"]
"""pending: due now or later. paused: waits until its subscription is enabled. skipped: accepted while the subscription
was disabled, and sent only on request. cancelled: the subscription was deleted."""
MessageState = Literal["accepted", "dropped", "held"]
"""dropped: a plugin's `hub_message` raised `Drop`. held: a plugin failed; a replay calls it again."""


class TlsOptions(BaseModel):
    """TLS of a subscription, as PEM. The key of a client certificate is a secret, in the slot `tls_key`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: Annotated[str, Field(max_length=200_000)] | None = None
    client_certificate: Annotated[str, Field(max_length=200_000)] | None = None


class SubscriptionSpec(BaseModel):
    """The settings of a subscription, without its secrets."""

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
    sign_with: Annotated[
        Literal["old", "new"],
        Field(description="Which secret signs while two overlap, where the scheme has room for one signature."),
    ] = "old"
    retry: DeliveryRetry = DELIVERY_SCHEDULE
    tls: TlsOptions = TlsOptions()


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """A subscription, as in the snapshot of the store.

    Attributes:
        cuid: Its id in PlexTrac's routes.
        generation: Increases with each change of the subscription, its secrets and its health.
        failing_since: Since when every attempt has failed, microseconds UTC; None while attempts succeed.
        disabled_reason: Why the hub disabled it; empty when the hub did not.
        disabled_at: When it was disabled, by a caller or the hub, microseconds UTC; None while it is enabled.
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
        catch_up: When the change enables the subscription, deliveries with an ordering key that were skipped while it
            was disabled take their places in the queue again, before all newer ones of their keys.
    """

    spec: SubscriptionSpec | None = None
    secrets: SecretsChange = SAME_SECRETS
    catch_up: bool = False


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A published event. It never changes after it is accepted.

    Attributes:
        origin: Who published it: `api`, `execution`, `plugin`, `hub` (operational events), `test`.
        reason: Why it was dropped or held.
        idempotency_key: Publishing again with the same key in the org gives the first message.
        idempotency_digest: Of the data that came with the key; None where other data is no mistake.
    """

    org: Id
    id: Id
    type: str
    data: Any
    created: int
    client: str | None = None
    ordering_key: str | None = None
    idempotency_key: str | None = None
    idempotency_digest: str | None = None
    origin: str = "api"
    state: MessageState = "accepted"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One message on its way to one subscription.

    Attributes:
        body: The bytes that every attempt sends; empty if they are in the blob store under `body_ref`.
        sequence: Commit order, in which the deliveries of a subscription and ordering key are sent.
        attempts: Attempts so far.
        tries: Attempts since it was last queued; RETRY counts these.
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
    """A delivery to accept. `lease` is set when this process is to send it at once."""

    record: DeliveryRecord
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A committed message.

    Attributes:
        id: Its id, or that of the first message with the same idempotency key.
        deliveries: How many deliveries it has.
        duplicate: Whether the idempotency key was used before, so that nothing new was stored.
        digest: Of a duplicate, the `idempotency_digest` of the first message.
        leased: The deliveries that this process is to send, claimed already.
    """

    id: Id
    deliveries: int
    duplicate: bool = False
    digest: str | None = None
    leased: tuple[DueDelivery, ...] = ()


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that was just claimed, with its lease."""

    record: DeliveryRecord
    lease: Lease


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP attempt of a delivery, with secrets and signatures masked.

    Attributes:
        at: When it began, microseconds UTC.
        address: The address that was dialled, if any.
        status: HTTP status, None without an answer.
        error: Why it failed, empty if it did not. Tenants must not read it when `refused` is set.
        refused: The egress guard refused the address. Tenants read "address refused" instead of address and error.
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
    """The result of an attempt, and what follows for its delivery.

    Attributes:
        of: The delivery as claimed. Its lease is given up.
        due: When to try again, microseconds UTC, if `state` is pending.
        error: The new error of the delivery, empty if it was delivered.
        tries: Attempts since it was last queued, including this one.
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
    """The result of one claim.

    Attributes:
        deliveries: The claimed deliveries; those of a subscription are in the order of sending.
        later: For each requested subscription with nothing more to claim now: when its next delivery may be claimed
            (microseconds UTC), None if nothing is pending.
    """

    deliveries: tuple[DueDelivery, ...]
    later: Mapping[Id, int | None]


@dataclass(frozen=True, slots=True)
class Resent:
    """What became of deliveries that were made pending again.

    Attributes:
        delivered: How many arrived.
        dead: How many have failed for good.
        untried: How many can be sent and have not been tried.
        error: Why one of the dead ones failed, empty without any.
    """

    delivered: int
    dead: int
    untried: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class MessageTotals:
    """The outcomes of all messages accepted in a span of time.

    Attributes:
        messages: How many were accepted.
        dropped: How many a plugin dropped.
        held: How many are held because a plugin failed.
        unmatched: How many matched no subscription.
        delivered: How many have been delivered to every subscription.
        undelivered: How many have a delivery in any other state than delivered.
        deliveries: How many deliveries are in each state.
    """

    messages: int
    dropped: int
    held: int
    unmatched: int
    delivered: int
    undelivered: int
    deliveries: Mapping[str, int]
