"""One attempt: sign anew, call through the egress guard, and tell how it went without giving a secret away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from hub.egress.client import Egress, Response
from hub.egress.errors import EgressError
from hub.egress.exchange.tls import Tls
from hub.errors import AddressRefused, Invalid
from hub.model.ids import Id, write_id
from hub.model.masking import Mask, is_credential
from hub.model.stored.outbound import Attempt, DeliveryRecord, SubscriptionRecord
from hub.model.stored.source import SIGNING_SLOT, StoredSecret
from hub.model.times import SECOND, from_micros
from hub.model.wire.secret import Secret
from hub.outbound.delivery.verdict import sentence
from hub.plugins.host import Plugins
from hub.plugins.signing import signature_of
from hub.ports.clock import Clock

__all__ = ["ATTEMPT_SECONDS", "TLS_KEY_SLOT", "Courier", "public_error", "tls_options"]

ATTEMPT_SECONDS = 5.0
"""Seconds for an attempt in all: name, connection, TLS, request and the whole answer (PlexTrac's limit)."""
TLS_KEY_SLOT = "tls_key"
"""Slot of the key of a client certificate."""

_RESPONSE_BYTES = 16 * 1024
_KEPT = 10_000
_SHORTEST = 6
"""Characters from which a secret is masked inside what a receiver echoes; a shorter one would riddle any text."""


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """What a scheme signs (`hub.sdk.schemes.scheme.Outgoing`)."""

    id: str
    url: str
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is the same for every attempt under one generation of a subscription."""

    generation: int
    tls: Tls | None
    headers: Mapping[str, str]
    private: tuple[str, ...]
    signing: tuple[tuple[StoredSecret, Secret], ...]
    pool: tuple[str, Id]


class _CannotSignError(Exception):
    """The attempt ends before anything is sent; the text is the sentence for the log."""


class Courier:
    """Makes attempts.

    Args:
        egress: The client of every outgoing call.
        plugins: Whose schemes sign.
        clock: The hub's clock.
        seconds: Longest time of an attempt.
    """

    def __init__(self, egress: Egress, plugins: Plugins, clock: Clock, *, seconds: float = ATTEMPT_SECONDS) -> None:
        self._egress = egress
        self._plugins = plugins
        self._clock = clock
        self._seconds = seconds
        self._prepared: dict[Id, _Prepared] = {}

    async def attempt(self, subscription: SubscriptionRecord, delivery: DeliveryRecord, body: bytes) -> Attempt:
        """Send a delivery once; whatever goes wrong is told in the attempt and never raised.

        Args:
            subscription: As it is now: queued deliveries use its current URL, secrets and TLS options.
            delivery: What to send; the number of the attempt follows from it.
            body: The frozen bytes.
        """
        at = self._clock.now()
        prepared = self._prepare(subscription)
        headers = {**_base_headers(delivery, at), **prepared.headers}
        try:
            signature = self._sign(subscription, prepared, delivery, body, at)
        except _CannotSignError as error:
            return _Evidence(delivery, at, prepared, headers, {}).failed(str(error))
        headers |= signature
        evidence = _Evidence(delivery, at, prepared, headers, signature)
        try:
            response = await self._egress.request(
                "POST",
                subscription.spec.url,
                headers=headers,
                body=body,
                timeout=self._seconds,
                max_bytes=_RESPONSE_BYTES,
                tls=prepared.tls,
                pool=prepared.pool,
                resend=True,
            )
        except AddressRefused as error:
            return evidence.failed(str(error), refused=True)
        except Invalid as error:
            fault = error.problems[0].message if error.problems else error.detail
            return evidence.failed(f"the call cannot be made: {fault}")
        except EgressError as error:
            return evidence.failed(str(error), error)
        return evidence.answered(response)

    def forget(self, subscription: Id) -> None:
        """A subscription was deleted: nothing of it stays in memory."""
        self._prepared.pop(subscription, None)

    def _prepare(self, subscription: SubscriptionRecord) -> _Prepared:
        known = self._prepared.get(subscription.id)
        if known is not None and known.generation == subscription.generation:
            return known
        if len(self._prepared) >= _KEPT:
            self._prepared.clear()
        spec = subscription.spec
        headers = {name.lower(): value for name, value in spec.headers.items()}
        private = [secret.text for secret in subscription.secrets]
        private += [secret.value.decode("latin-1") for secret in subscription.secrets]
        private += [value for name, value in headers.items() if is_credential(name)]
        prepared = self._prepared[subscription.id] = _Prepared(
            generation=subscription.generation,
            tls=tls_options(subscription),
            headers=headers,
            private=tuple(private),
            signing=tuple((each, _secret(each)) for each in subscription.secrets if each.slot == SIGNING_SLOT),
            pool=("deliveries", subscription.org),
        )
        return prepared

    def _sign(
        self, subscription: SubscriptionRecord, prepared: _Prepared, delivery: DeliveryRecord, body: bytes, at: int
    ) -> dict[str, str]:
        if not prepared.signing:
            return {}
        name = subscription.spec.scheme
        scheme = self._plugins.scheme(name)
        if scheme is None:
            raise _CannotSignError(f"not sent: no active plugin brings the scheme {name!r}")
        live = [secret for stored, secret in prepared.signing if stored.live(at)]
        if not live:
            raise _CannotSignError("not sent: every signing secret has expired")
        message = _Outgoing(
            id=_message_id(delivery.message),
            url=subscription.spec.url,
            body=body,
            at=from_micros(at),
        )
        try:
            return signature_of(name, scheme, message, live)
        except Exception as error:
            raise _CannotSignError(f"not sent: the scheme {name!r} could not sign: {type(error).__name__}") from error


class _Evidence:
    """What the log keeps of an attempt, masked."""

    def __init__(
        self,
        delivery: DeliveryRecord,
        at: int,
        prepared: _Prepared,
        headers: Mapping[str, str],
        signature: Mapping[str, str],
    ) -> None:
        hidden = {name: value for name, value in signature.items() if name not in _PLAIN}
        self._mask = Mask((*prepared.private, *hidden.values()), shortest=_SHORTEST)
        self._number = delivery.attempts + 1
        self._at = at
        self._headers = self._mask.headers(headers.items(), hidden)

    def failed(self, error: str, failure: EgressError | None = None, *, refused: bool = False) -> Attempt:
        return Attempt(
            number=self._number,
            at=self._at,
            address=None if failure is None else failure.address,
            status=None if failure is None else failure.status,
            duration_ms=0 if failure is None else failure.duration_ms,
            request_headers=self._headers,
            error=self._mask.text(error),
            refused=refused,
        )

    def answered(self, response: Response) -> Attempt:
        text = response.body.decode("utf-8", "replace").replace("\x00", "\ufffd")
        return Attempt(
            number=self._number,
            at=self._at,
            address=response.address,
            status=response.status,
            duration_ms=response.duration_ms,
            request_headers=self._headers,
            response_headers=self._mask.headers(response.headers),
            response_body=self._mask.text(text) + ("…" if response.truncated else ""),
            error=sentence(response.status),
        )


_PLAIN = frozenset({"webhook-id", "webhook-timestamp", "svix-id", "svix-timestamp"})
"""Headers of schemes that prove nothing by themselves and help whoever reads the log."""


def public_error(attempt: Attempt) -> str:
    """Why an attempt failed, as tenants may read it: the address that the guard refuses is for operators."""
    return AddressRefused.public if attempt.refused else attempt.error


def tls_options(subscription: SubscriptionRecord) -> Tls | None:
    """The TLS policy of a subscription, None for the usual one."""
    spec = subscription.spec
    if spec.ssl_verification and spec.tls.ca is None and spec.tls.client_certificate is None:
        return None
    key = next((secret.text for secret in subscription.secrets if secret.slot == TLS_KEY_SLOT), None)
    return Tls(
        verify=spec.ssl_verification,
        ca=spec.tls.ca,
        certificate=spec.tls.client_certificate,
        key=key if spec.tls.client_certificate is not None else None,
    )


@lru_cache(maxsize=4_096)
def _message_id(message: Id) -> str:
    """Written once for all who get the message."""
    return write_id("msg", message)


def _base_headers(delivery: DeliveryRecord, at: int) -> dict[str, str]:
    """Id and time under the names of Standard Webhooks, signed or not, so that every receiver can spot a repeat."""
    return {
        "content-type": "application/json",
        "webhook-id": _message_id(delivery.message),
        "webhook-timestamp": str(at // SECOND),
    }


def _secret(stored: StoredSecret) -> Secret:
    return Secret(id=write_id("sec", stored.id), slot=stored.slot, value=stored.value, label=stored.label)
