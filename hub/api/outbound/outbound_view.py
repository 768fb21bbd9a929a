"""Subscriptions, messages and deliveries as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.api.web.auth import Caller
from hub.api.web.rendering import instant_text
from hub.api.web.services import Services
from hub.errors import AddressRefused
from hub.model.ids import write_id
from hub.model.masking import MASK, is_credential
from hub.model.stored.outbound import Attempt, DeliveryRecord, MessageRecord, SubscriptionRecord
from hub.model.stored.source import SIGNING_SLOT, StoredSecret
from hub.outbound.delivery.attempt_sender import signer_of
from hub.sdk.schemes.standard import public_text

__all__ = ["attempt_view", "delivery_view", "message_view", "subscription_view", "warnings"]


def subscription_view(record: SubscriptionRecord, hub: Services) -> dict[str, Any]:
    """A subscription, with its secrets and the credentials in its headers masked."""
    body = record.spec.model_dump(mode="json")
    body["headers"] = {name: MASK if is_credential(name) else value for name, value in record.spec.headers.items()}
    signing = [secret for secret in record.secrets if secret.slot == SIGNING_SLOT]
    return body | {
        "id": write_id("sub", record.id),
        "cuid": record.cuid,
        "signed": bool(signing),
        "secrets": [_secret_view(record, secret, hub) for secret in signing],
        **_signer_view(record, signing, hub),
        "failing_since": instant_text(hub.outbound.failing_since(record)),
        "disabled_reason": record.disabled_reason,
        "disabled_at": instant_text(record.disabled_at),
        "warnings": warnings(record),
        "created": instant_text(record.created),
        "updated": instant_text(record.updated),
    }


def _signer_view(record: SubscriptionRecord, signing: Sequence[StoredSecret], hub: Services) -> dict[str, Any]:
    """Which secret signs now, and until when if it is about to expire. `signing` has the newest first."""
    scheme = hub.plugins.scheme(record.spec.scheme)
    live = [secret for secret in signing if secret.live(hub.clock.now())]
    if scheme is None or not live:
        return {"signs_with": None, "signs_with_until": None}
    signer = signer_of(record, scheme)
    ends = [secret.expires for secret in live if secret.expires is not None]
    if signer == "old" and ends and len(live) > 1:
        return {"signs_with": "old", "signs_with_until": instant_text(min(ends))}
    return {"signs_with": "all" if signer == "all" else "new", "signs_with_until": None}


def warnings(record: SubscriptionRecord) -> list[str]:
    """Weaknesses of a subscription that works."""
    found = []
    if not record.spec.ssl_verification:
        found.append("ssl_verification is off: anybody on the network path can read deliveries and answer them")
    if record.spec.url.lower().startswith("http:"):
        found.append("the URL is not https: anybody on the network path can read deliveries and answer them")
    if all(secret.slot != SIGNING_SLOT for secret in record.secrets):
        found.append("there is no secret: the receiver cannot verify who sent a delivery")
    return found


def _secret_view(record: SubscriptionRecord, secret: StoredSecret, hub: Services) -> dict[str, Any]:
    credential = hub.plugins.scheme_credential(record.spec.scheme) if hub.plugins.scheme(record.spec.scheme) else None
    view: dict[str, Any] = {
        "id": write_id("sec", secret.id),
        "masked": MASK if credential is None else credential.mask(secret.text),
        "live": secret.live(hub.clock.now()),
        "created": instant_text(secret.created),
        "expires": instant_text(secret.expires),
    }
    if credential is not None and credential.kind == "whsk":
        view["public_key"] = public_text(secret.value)
    return view


def message_view(
    record: MessageRecord, deliveries: Sequence[DeliveryRecord] | None = None, states: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """A message: a single one with its data and deliveries, one of a list with the number of deliveries per state."""
    body: dict[str, Any] = {
        "id": write_id("msg", record.id),
        "type": record.type,
        "client": record.client,
        "ordering_key": record.ordering_key,
        "idempotency_key": record.idempotency_key,
        "origin": record.origin,
        "state": record.state,
        "reason": record.reason,
        "created": instant_text(record.created),
    }
    if deliveries is not None:
        body["data"] = record.data
        body["deliveries"] = [delivery_view(each) for each in deliveries]
    if states is not None:
        body["states"] = dict(states)
    return body


def delivery_view(
    record: DeliveryRecord, attempts: Sequence[Attempt] | None = None, who: Caller | None = None
) -> dict[str, Any]:
    """A delivery. A single one has its body and attempts."""
    body: dict[str, Any] = {
        "id": write_id("dlv", record.id),
        "message": write_id("msg", record.message),
        "subscription": write_id("sub", record.subscription),
        "type": record.type,
        "state": record.state,
        "ordering_key": record.ordering_key,
        "attempt_count": record.attempts,
        "error": record.error,
        "created": instant_text(record.created),
        "due": instant_text(record.due) if record.state == "pending" else None,
        "finished": instant_text(record.finished),
    }
    if attempts is not None:
        body["body"] = record.body.decode()
        body["attempts"] = [attempt_view(each, who) for each in attempts]
    return body


def attempt_view(attempt: Attempt, who: Caller | None) -> dict[str, Any]:
    """An attempt. Only operators see an address that the guard refused."""
    hidden = attempt.refused and (who is None or not who.may("operate"))
    return {
        "number": attempt.number,
        "at": instant_text(attempt.at),
        "address": None if hidden else attempt.address,
        "status": attempt.status,
        "duration_ms": attempt.duration_ms,
        "request_headers": _headers(attempt.request_headers),
        "response_headers": _headers(attempt.response_headers),
        "response_body": attempt.response_body,
        "error": AddressRefused.public if hidden else attempt.error,
    }


def _headers(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers by name. The values of a repeated name are joined as in RFC 9110, section 5.3."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
