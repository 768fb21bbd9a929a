"""One attempt: sign, call through the egress guard, and report the result without revealing a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from hub.egress.client import Egress, Response
from hub.egress.errors import EgressError
from hub.egress.exchange.tls import TlsPolicy
from hub.errors import AddressRefused, Invalid
from hub.model.ids import Id, write_id
from hub.model.masking import Mask, is_credential
from hub.model.stored.outbound import Attempt, DeliveryRecord, SubscriptionRecord
from hub.model.stored.source import SIGNING_SLOT, StoredSecret
from hub.model.times import SECOND, from_micros
from hub.model.wire.secret import Secret
from hub.outbound.delivery.outcome import status_error
from hub.plugins.host import Plugins
from hub.plugins.signing import signature_of
from hub.ports.clock import Clock
from hub.sdk.schemes.scheme import Scheme, signs_with_all

__all__ = ["ATTEMPT_SECONDS", "TLS_KEY_SLOT", "AttemptSender", "public_error", "signer_of", "tls_options"]

ATTEMPT_SECONDS = 5.0
"""Seconds for a whole attempt: name, connection, TLS, request and answer. It is PlexTrac's limit."""
TLS_KEY_SLOT = "tls_key"
"""Secret slot that holds the key of a client certificate."""

_RESPONSE_BYTES = 16 * 1024
_KEPT = 10_000
_SHORTEST = 6
"""Characters. Shorter secrets are not masked in what a receiver echoes: they would match in any text."""


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """The message that a scheme signs (`hub.sdk.schemes.scheme.Outgoing`)."""

    id: str
    type: str
    url: str
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is the same for every attempt while a subscription does not change.

    Attributes:
        private: Texts that must not stand in the log.
    """

    generation: int
    tls: TlsPolicy | None
    headers: Mapping[str, str]
    private: tuple[str, ...]
    signing: tuple[tuple[StoredSecret, Secret], ...]
    pool: tuple[str, Id]


class _CannotSignError(Exception):
    """Nothing can be sent; the text is the error of the attempt."""


class AttemptSender:
    """Sends deliveries, once each time.

    Args:
        egress: Makes the HTTP calls.
        plugins: Provide the signing schemes.
        clock: The hub's clock.
        seconds: Time limit of an attempt.
    """

    def __init__(self, egress: Egress, plugins: Plugins, clock: Clock, *, seconds: float = ATTEMPT_SECONDS) -> None:
        self._egress = egress
        self._plugins = plugins
        self._clock = clock
        self._seconds = seconds
        self._prepared: dict[Id, _Prepared] = {}

    async def send(self, subscription: SubscriptionRecord, delivery: DeliveryRecord, body: bytes) -> Attempt:
        """Send a delivery once. Any failure is reported in the attempt and not raised.

        Args:
            subscription: As it is now: queued deliveries use its current URL, secrets and TLS options.
            delivery: The delivery; the number of the attempt follows from it.
            body: Its bytes.
        """
        at = self._clock.now()
        prepared = self._prepare(subscription)
        headers = {**_base_headers(delivery, at), **prepared.headers}
        try:
            signature = self._sign(subscription, prepared, delivery, body, at)
        except _CannotSignError as error:
            return _AttemptRecorder(delivery, at, prepared, headers, {}).failed(str(error))
        headers |= signature
        recorder = _AttemptRecorder(delivery, at, prepared, headers, signature)
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
            return recorder.failed(str(error), refused=True)
        except Invalid as error:
            fault = error.problems[0].message if error.problems else error.detail
            return recorder.failed(f"the call cannot be made: {fault}")
        except EgressError as error:
            return recorder.failed(str(error), error)
        return recorder.answered(response)

    def forget(self, subscription: Id) -> None:
        """A subscription was deleted: keep nothing of it in memory."""
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
            raise _CannotSignError(f"not sent: no active plugin provides the scheme {name!r}")
        live = _in_order([each for each in prepared.signing if each[0].live(at)], signer_of(subscription, scheme))
        if not live:
            raise _CannotSignError("not sent: every signing secret has expired")
        message = _Outgoing(
            id=_message_id(delivery.message),
            type=delivery.type,
            url=subscription.spec.url,
            body=body,
            at=from_micros(at),
        )
        try:
            return signature_of(name, scheme, message, live)
        except Exception as error:
            raise _CannotSignError(f"not sent: the scheme {name!r} could not sign: {type(error).__name__}") from error


class _AttemptRecorder:
    """Makes the log entry of an attempt, with secrets masked."""

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
            error=self._mask.text(status_error(response.status, response.headers)),
        )


_PLAIN = frozenset(
    {"webhook-id", "webhook-timestamp", "svix-id", "svix-timestamp", "x-github-event", "x-github-delivery"}
)
"""Headers of signing schemes that are no secrets and are useful in the log."""


def public_error(attempt: Attempt) -> str:
    """Why an attempt failed, for tenants: only operators may read which address the guard refused."""
    return AddressRefused.public if attempt.refused else attempt.error


def signer_of(subscription: SubscriptionRecord, scheme: Scheme) -> Literal["all", "old", "new"]:
    """Which of several live secrets sign: all where the scheme has room for it, else the oldest or the newest."""
    return "all" if signs_with_all(scheme) else subscription.spec.sign_with


def _in_order(live: list[tuple[StoredSecret, Secret]], signer: str) -> list[Secret]:
    """Live secrets, which come with the newest first, in the order in which the scheme is to take them."""
    if signer != "all":
        # Those that end are the older ones, and the first to end is the oldest.
        live.reverse()
        live.sort(key=lambda each: (each[0].expires is None, each[0].expires or 0))
        if signer == "new":
            live.reverse()
    return [secret for _, secret in live]


def tls_options(subscription: SubscriptionRecord) -> TlsPolicy | None:
    """The TLS options of a subscription, None for the default."""
    spec = subscription.spec
    if spec.ssl_verification and spec.tls.ca is None and spec.tls.client_certificate is None:
        return None
    key = next((secret.text for secret in subscription.secrets if secret.slot == TLS_KEY_SLOT), None)
    return TlsPolicy(
        verify=spec.ssl_verification,
        ca=spec.tls.ca,
        certificate=spec.tls.client_certificate,
        key=key if spec.tls.client_certificate is not None else None,
    )


@lru_cache(maxsize=4_096)
def _message_id(message: Id) -> str:
    """The written id, which all deliveries of a message share."""
    return write_id("msg", message)


def _base_headers(delivery: DeliveryRecord, at: int) -> dict[str, str]:
    """Id and time in the headers of Standard Webhooks, signed or not, so that a receiver recognises a repeat."""
    return {
        "content-type": "application/json",
        "webhook-id": _message_id(delivery.message),
        "webhook-timestamp": str(at // SECOND),
    }


def _secret(stored: StoredSecret) -> Secret:
    return Secret(id=write_id("sec", stored.id), slot=stored.slot, value=stored.value, label=stored.label)
