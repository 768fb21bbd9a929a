"""The registry of subscriptions: it checks them, encodes their secrets and writes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Literal

from hub.egress.guard import Guard
from hub.errors import AddressRefused, Conflict, Invalid, NotFound, Problem
from hub.model.ids import Id, new_id
from hub.model.stored.outbound import SubscriptionChange, SubscriptionRecord, SubscriptionSpec
from hub.model.stored.source import SIGNING_SLOT, SecretsChange, StoredSecret
from hub.model.times import SECOND, from_micros
from hub.model.wire.secret import Credential, Secret
from hub.outbound.delivery.attempt_sender import TLS_KEY_SLOT, tls_options
from hub.outbound.publish.bodies import BodyTemplates
from hub.outbound.registry.rules import spec_problems
from hub.plugins.host import Plugins
from hub.plugins.signing import signature_of
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["KEEP", "MAKE", "SavedSubscription", "SecretChoice", "SubscriptionRegistry"]


class _Choice(Enum):
    MAKE = "make"
    KEEP = "keep"


MAKE: Literal[_Choice.MAKE] = _Choice.MAKE
"""Generate a secret and show it once."""
KEEP: Literal[_Choice.KEEP] = _Choice.KEEP
"""Leave the secrets as they are."""
SecretChoice = str | None | _Choice
"""A secret as the caller sent it, None for no signature, `MAKE` or `KEEP`."""

_LONGEST_SECRET = 16_384
_LONGEST_OVERLAP = 90 * 86_400


@dataclass(frozen=True, slots=True)
class SavedSubscription:
    """A subscription that was saved.

    Attributes:
        secret: The secret if it was generated; this is the only time that it is shown.
    """

    record: SubscriptionRecord
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class _Probe:
    """A message that is signed to try a secret."""

    id: str
    type: str
    url: str
    body: bytes
    at: datetime


class SubscriptionRegistry:
    """Creates, changes and deletes subscriptions.

    Args:
        store: Keeps the subscriptions.
        plugins: Have the schemes that sign.
        guard: Checks URLs.
        templates: Compiles body templates.
        clock: The hub's clock.
        changed: Called with the org and id of each subscription that was changed or deleted. Not with new ones, which
            have nothing to send.
    """

    def __init__(
        self,
        *,
        store: Store,
        plugins: Plugins,
        guard: Guard,
        templates: BodyTemplates,
        clock: Clock,
        changed: Callable[[Id, Id], None],
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._guard = guard
        self._templates = templates
        self._clock = clock
        self._changed = changed

    def get(self, org: Id, subscription: Id) -> SubscriptionRecord:
        """A subscription of the org. Raises `NotFound`."""
        record = self._store.snapshot.subscriptions.get(subscription)
        if record is None or record.org != org:
            raise NotFound("no such subscription")
        return record

    def by_cuid(self, org: Id, cuid: str) -> SubscriptionRecord:
        """The subscription with the cuid that PlexTrac's routes use. Raises `NotFound`."""
        for record in self._store.snapshot.subscriptions.values():
            if record.org == org and record.cuid == cuid:
                return record
        raise NotFound("no such webhook")

    async def create(
        self,
        org: Id,
        spec: SubscriptionSpec,
        secret: SecretChoice = MAKE,
        *,
        tls_key: str | None = None,
        operator: bool = False,
    ) -> SavedSubscription:
        """Create a subscription.

        Args:
            org: The org that owns it.
            spec: Its fields.
            secret: The secret that signs.
            tls_key: The private key of its client certificate, PEM.
            operator: Whether the caller may know which address the guard refuses.

        Raises:
            Invalid: One problem per error, each with a pointer to its field.
        """
        await self._check(spec, operator=operator)
        stored: list[StoredSecret] = []
        text = self._credential(spec.scheme).generate() if secret is MAKE else secret
        if isinstance(text, str):
            stored.append(self._stored(spec, text))
        if tls_key is not None:
            stored.append(self._tls_key(tls_key))
        await self._check_tls(spec, stored)
        record = await self._store.outbound.subscribe(org, spec, stored)
        return SavedSubscription(record, text if secret is MAKE and isinstance(text, str) else None)

    async def update(
        self,
        current: SubscriptionRecord,
        spec: SubscriptionSpec,
        secret: SecretChoice = KEEP,
        *,
        tls_key: str | _Choice | None = KEEP,
        operator: bool = False,
        catch_up: bool = False,
    ) -> SavedSubscription:
        """Change the spec and the secrets of a subscription, in one commit. Only fields that change are judged.

        Queued deliveries use the new URL and secrets from their next attempt on. A secret that is given replaces the
        old ones at once (`rotate` lets them overlap).

        Args:
            current: The subscription as it was read.
            spec: Its new fields.
            secret: The secret that signs.
            tls_key: The private key of its client certificate, PEM; None removes the key.
            operator: Whether the caller may know which address the guard refuses.
            catch_up: When this enables it, what was skipped of an ordering key is sent before newer messages of it.

        Raises:
            NotFound: It was deleted.
            PreconditionFailed: It has changed since `current`.
            Invalid: As for `create`.
        """
        changed = {name for name in type(spec).model_fields if getattr(spec, name) != getattr(current.spec, name)}
        await self._check(spec, operator=operator, changed=changed)
        signing = self._new_signing_secrets(current, spec, secret)
        key = [self._tls_key(tls_key)] if isinstance(tls_key, str) else []
        kept_key = [each for each in current.secrets if each.slot == TLS_KEY_SLOT and tls_key is KEEP]
        if tls_key is not KEEP or changed & {"tls", "ssl_verification"}:
            await self._check_tls(spec, key or kept_key)
        replaced = [SIGNING_SLOT] if signing is not None else []
        if tls_key is not KEEP:
            replaced.append(TLS_KEY_SLOT)
        secrets = SecretsChange(clear=replaced, add=[*(signing or ()), *key])
        record = await self._write(current, SubscriptionChange(spec=spec, secrets=secrets, catch_up=catch_up))
        return SavedSubscription(record, signing[0].text if secret is MAKE and signing else None)

    async def rotate(
        self,
        current: SubscriptionRecord,
        *,
        overlap_seconds: int = 0,
        secret: str | None = None,
        sign_with: Literal["old", "new"] = "old",
    ) -> SavedSubscription:
        """Add a new secret. Older ones go on signing for the overlap; without one they are deleted.

        Where the scheme has room for several signatures, all live secrets sign. Elsewhere the oldest one signs alone
        until its overlap ends, since the receiver knows no other yet, or the new one at once.

        Args:
            current: The subscription as it was read.
            overlap_seconds: 0 to 90 days.
            secret: The new secret; generated if left out.
            sign_with: Which one signs during the overlap, where only one can.

        Raises:
            NotFound: It was deleted.
            PreconditionFailed: It has changed since `current`.
            Invalid: The overlap or the secret is invalid.
        """
        if not 0 <= overlap_seconds <= _LONGEST_OVERLAP:
            message = f"must be 0 to {_LONGEST_OVERLAP}"
            raise Invalid("the secret was not rotated", (Problem("/overlap_seconds", message),))
        text = self._credential(current.spec.scheme).generate() if secret is None else secret
        fresh = self._stored(current.spec, text)
        if overlap_seconds:
            # Those that expired after an earlier rotation are deleted, or rotations would pile them up.
            expired = [each.id for each in _signing(current) if not each.live(self._clock.now())]
            secrets = SecretsChange(remove=expired, add=[fresh], overlap=overlap_seconds * SECOND)
        else:
            secrets = SecretsChange(clear=[SIGNING_SLOT], add=[fresh])
        spec = None if current.spec.sign_with == sign_with else current.spec.model_copy(update={"sign_with": sign_with})
        record = await self._write(current, SubscriptionChange(spec=spec, secrets=secrets))
        return SavedSubscription(record, text if secret is None else None)

    async def revoke(self, current: SubscriptionRecord, secret: Id) -> SubscriptionRecord:
        """Delete a secret, such as one that leaked while it overlaps with its successor.

        Raises:
            NotFound: There is no such subscription or secret.
            PreconditionFailed: The subscription has changed since `current`.
            Conflict: No other secret signs.
        """
        mine = _signing(current)
        if all(each.id != secret for each in mine):
            raise NotFound("no such secret")
        now = self._clock.now()
        if not any(each.live(now) for each in mine if each.id != secret):
            raise Conflict("no other secret signs: rotate with overlap_seconds 0 instead")
        return await self._write(current, SubscriptionChange(secrets=SecretsChange(remove=[secret])))

    async def delete(self, current: SubscriptionRecord) -> None:
        """Delete a subscription. Its pending deliveries are cancelled, its log stays.

        Raises:
            NotFound: It was deleted already.
            PreconditionFailed: It has changed since `current`.
        """
        await self._store.outbound.delete_subscription(current.org, current.id, generation=current.generation)
        self._changed(current.org, current.id)

    async def _write(self, current: SubscriptionRecord, change: SubscriptionChange) -> SubscriptionRecord:
        """Write a change that was computed from `current`. It fails if the subscription has changed since."""
        record = await self._store.outbound.change_subscription(
            current.org, current.id, change, generation=current.generation
        )
        self._changed(record.org, record.id)
        return record

    async def _check(
        self, spec: SubscriptionSpec, *, operator: bool, changed: Collection[str] = SubscriptionSpec.model_fields
    ) -> None:
        """Raise `Invalid` if one of the fields in `changed` is not valid."""
        found = spec_problems(spec, self._plugins, self._templates)
        problems = [each for each in found if each.pointer.split("/")[1] in changed]
        try:
            if "url" in changed:
                await self._guard.check_target(spec.url)
        except Invalid as error:
            problems.extend(error.problems)
        except AddressRefused as error:
            problems.append(Problem("/url", str(error) if operator else error.public))
        if problems:
            raise Invalid("the subscription cannot be saved", tuple(problems))

    def _credential(self, scheme: str) -> Credential:
        return self._plugins.scheme_credential(scheme)

    def _stored(self, spec: SubscriptionSpec, text: str) -> StoredSecret:
        """The signing secret of a text, as the scheme of `spec` decodes it. Raises `Invalid` unless it can sign."""
        if len(text) > _LONGEST_SECRET:
            raise _bad_secret(f"must have {_LONGEST_SECRET} characters at most")
        try:
            value = self._credential(spec.scheme).decode(text)
        except ValueError as error:
            raise _bad_secret(str(error)) from error
        self._try_to_sign(spec, value)
        return StoredSecret(id=new_id(), slot=SIGNING_SLOT, value=value, text=text, created=self._clock.now())

    def _try_to_sign(self, spec: SubscriptionSpec, value: bytes) -> None:
        scheme = self._plugins.scheme(spec.scheme)
        probe = _Probe("msg_probe", "probe", spec.url, b"{}", from_micros(self._clock.now()))
        try:
            secrets = [Secret("sec_probe", SIGNING_SLOT, value)]
            headers = {} if scheme is None else signature_of(spec.scheme, scheme, probe, secrets)
        except Exception as error:
            # the text of the error may contain the secret
            raise _bad_secret(f"the scheme {spec.scheme!r} cannot sign with it: {type(error).__name__}") from error
        clash = [name for name in spec.headers if name.lower() in headers]
        if clash:
            problem = Problem(f"/headers/{clash[0]}", "carries the signature and cannot be overridden")
            raise Invalid("the subscription cannot be saved", (problem,))

    def _new_signing_secrets(
        self, current: SubscriptionRecord, spec: SubscriptionSpec, secret: SecretChoice
    ) -> Sequence[StoredSecret] | None:
        """The new signing secrets; None keeps the old ones. With a new scheme their texts are decoded again."""
        if secret is None:
            return []
        if isinstance(secret, str):
            return [self._stored(spec, secret)]
        if secret is MAKE:
            return [self._stored(spec, self._credential(spec.scheme).generate())]
        mine = _signing(current)
        if spec.scheme == current.spec.scheme:
            for each in mine[:1] if spec.headers != current.spec.headers else ():
                self._try_to_sign(spec, each.value)
            return None
        try:
            return [replace(self._stored(spec, each.text), expires=each.expires) for each in mine]
        except Invalid as error:
            message = "the current secret does not fit this scheme: send a new `secret` as well"
            raise Invalid("the subscription cannot be saved", (Problem("/scheme", message),)) from error

    def _tls_key(self, text: str) -> StoredSecret:
        return StoredSecret(id=new_id(), slot=TLS_KEY_SLOT, value=text.encode(), text=text, created=self._clock.now())

    async def _check_tls(self, spec: SubscriptionSpec, secrets: Sequence[StoredSecret]) -> None:
        """Try the TLS options, in a thread because OpenSSL reads files. Raises `Invalid`."""
        if spec.tls.client_certificate is None and any(each.slot == TLS_KEY_SLOT for each in secrets):
            message = "is missing, but there is a `client_key`"
            raise Invalid("the TLS options are invalid", (Problem("/tls/client_certificate", message),))
        options = tls_options(SubscriptionRecord(b"", b"", "", spec, tuple(secrets), 0, 0, 0))
        if options is not None:
            await asyncio.to_thread(options.context)


def _bad_secret(message: str) -> Invalid:
    return Invalid("the secret is invalid", (Problem("/secret", message),))


def _signing(record: SubscriptionRecord) -> list[StoredSecret]:
    return [each for each in record.secrets if each.slot == SIGNING_SLOT]
