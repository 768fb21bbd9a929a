"""SUBSCRIPTION as callers write it: the spec, and secrets that are write-only."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from hub.model.masking import MASK
from hub.model.stored.outbound import SubscriptionRecord, SubscriptionSpec, TlsOptions
from hub.outbound.registry.registry import KEEP, MAKE, SecretChoice

__all__ = ["RecoverInput", "RotateInput", "SubscriptionInput", "TestInput", "merged"]

SecretText = Annotated[str, Field(min_length=1, max_length=16_384)]
Moment = Annotated[str | float, Field(description="ISO 8601, or seconds or milliseconds since 1970.")]


class TlsInput(TlsOptions):
    """TLS options with the key of the client certificate, PEM without a pass phrase, which is never shown again."""

    client_key: Annotated[str, Field(max_length=200_000)] | None = None


class SubscriptionInput(SubscriptionSpec):
    """SUBSCRIPTION of the HTTP contract.

    `secret` left out: one is made and shown once; null: no signature. `catch_up` with `enabled`: what was skipped
    while the subscription was disabled is sent.
    """

    tls: TlsInput = TlsInput()
    secret: SecretText | None = None
    catch_up: bool = False

    def spec(self) -> SubscriptionSpec:
        """The part that is stored as it is."""
        fields = self.model_dump(exclude={"secret": True, "catch_up": True, "tls": {"client_key"}})
        return SubscriptionSpec.model_validate(fields)

    def secret_choice(self, *, new: bool) -> SecretChoice:
        """What becomes of the secret."""
        if "secret" in self.model_fields_set:
            return self.secret
        return MAKE if new else KEEP


class TestInput(BaseModel):
    """Which event a test sends."""

    __test__ = False
    model_config = ConfigDict(extra="forbid")

    event: Annotated[str, Field(min_length=1, max_length=200)]


class RotateInput(BaseModel):
    """How a secret is rotated."""

    model_config = ConfigDict(extra="forbid")

    overlap_seconds: Annotated[int, Field(ge=0, le=90 * 86_400, description="How long older secrets sign along.")] = 0
    secret: Annotated[SecretText | None, Field(description="The new one; made if left out.")] = None


class RecoverInput(BaseModel):
    """What a subscription is to be sent again."""

    model_config = ConfigDict(extra="forbid")

    since: Moment
    until: Moment | None = None


def merged(record: SubscriptionRecord, body: dict[str, Any]) -> dict[str, Any]:
    """The subscription with the top-level fields of `body`, each whole; a masked header keeps its value."""
    fields = {**record.spec.model_dump(mode="json"), **body}
    headers = fields.get("headers")
    if isinstance(headers, dict):
        kept = {name.lower(): value for name, value in record.spec.headers.items()}
        fields["headers"] = {
            name: kept.get(name.lower(), value) if value == MASK else value for name, value in headers.items()
        }
    return fields
