"""SUBSCRIPTION as callers write it: the settings and the write-only secrets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.errors import Invalid, Problem
from hub.model.masking import NOTHING_STORED, is_mask
from hub.model.pointers import pointer_of
from hub.model.stored.outbound import SubscriptionRecord, SubscriptionSpec, TlsOptions
from hub.model.stored.source import SIGNING_SLOT
from hub.outbound.delivery.attempt_sender import TLS_KEY_SLOT
from hub.outbound.registry.registry import KEEP, MAKE, SecretChoice

__all__ = ["RecoverInput", "RotateInput", "SubscriptionInput", "TestInput", "merged", "refuse_masks"]

SecretText = Annotated[str, Field(min_length=1, max_length=16_384)]
Moment = Annotated[str | float, Field(description="ISO 8601, or seconds or milliseconds since 1970.")]


class TlsInput(TlsOptions):
    """TLS options with the key of the client certificate: PEM without a passphrase, write-only."""

    client_key: Annotated[str, Field(max_length=200_000)] | None = None


class SubscriptionInput(SubscriptionSpec):
    """SUBSCRIPTION of the HTTP contract.

    Without `secret`, one is generated and shown once; null means no signature. `catch_up` with `enabled` sends what was
    skipped while the subscription was disabled.
    """

    tls: TlsInput = TlsInput()
    secret: SecretText | None = None
    catch_up: bool = False

    def spec(self) -> SubscriptionSpec:
        """The settings without the secrets."""
        fields = self.model_dump(exclude={"secret": True, "catch_up": True, "tls": {"client_key"}})
        return SubscriptionSpec.model_validate(fields)

    def secret_choice(self, *, new: bool) -> SecretChoice:
        """Whether to keep, generate, set or remove the secret."""
        if "secret" in self.model_fields_set:
            return self.secret
        return MAKE if new else KEEP


class TestInput(BaseModel):
    """The event that a test sends."""

    __test__ = False
    model_config = ConfigDict(extra="forbid")

    event: Annotated[str, Field(min_length=1, max_length=200)]


class RotateInput(BaseModel):
    """How to rotate the secret."""

    model_config = ConfigDict(extra="forbid")

    overlap_seconds: Annotated[
        int, Field(ge=0, le=90 * 86_400, description="How long older secrets go on signing too.")
    ] = 0
    sign_with: Annotated[
        Literal["old", "new"],
        Field(description="Which secret signs during the overlap, where the scheme has room for one signature."),
    ] = "old"
    secret: Annotated[SecretText | None, Field(description="The new secret; generated if left out.")] = None


class RecoverInput(BaseModel):
    """The span of time whose deliveries are sent again."""

    model_config = ConfigDict(extra="forbid")

    since: Moment
    until: Moment | None = None
    dry_run: bool = False


def merged(record: SubscriptionRecord, body: dict[str, Any]) -> dict[str, Any]:
    """The subscription with the top-level fields of `body` replaced. What is masked in it stays as it is.

    Raises:
        Invalid: A mask stands where nothing is stored.
    """
    given = dict(body)
    slots = {secret.slot for secret in record.secrets}
    if _masked(given.get("secret")) and SIGNING_SLOT in slots:
        del given["secret"]
    tls = given.get("tls")
    if isinstance(tls, dict) and _masked(tls.get("client_key")) and TLS_KEY_SLOT in slots:
        given["tls"] = {name: value for name, value in tls.items() if name != "client_key"}
    headers = given.get("headers")
    if isinstance(headers, dict):
        kept = {name.lower(): value for name, value in record.spec.headers.items()}
        given["headers"] = {
            name: kept.get(name.lower(), value) if _masked(value) else value for name, value in headers.items()
        }
    refuse_masks(given)
    return {**record.spec.model_dump(mode="json"), **given}


def refuse_masks(body: dict[str, Any]) -> None:
    """Raise `Invalid` if a mask stands in the place of a secret that is to be stored."""
    places = [] if not _masked(body.get("secret")) else ["/secret"]
    tls, headers = body.get("tls"), body.get("headers")
    if isinstance(tls, dict) and _masked(tls.get("client_key")):
        places.append("/tls/client_key")
    if isinstance(headers, dict):
        places.extend(pointer_of("headers", name) for name, value in headers.items() if _masked(value))
    if places:
        raise Invalid("a mask is not a secret", tuple(Problem(place, NOTHING_STORED) for place in places))


def _masked(value: Any) -> bool:
    return isinstance(value, str) and is_mask(value)
