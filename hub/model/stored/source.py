"""Sources: inbound URLs with their credentials, limits, vendor and response settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hub.model.ids import Id

__all__ = [
    "API_KEY_SLOT",
    "HMAC_SLOT",
    "MAX_EVENTS",
    "SAME_SECRETS",
    "SHARED_KEY_SLOT",
    "SIGNING_SLOT",
    "URL_SLOT",
    "RateLimit",
    "ResponseMode",
    "SecretsChange",
    "SourceChange",
    "SourceRecord",
    "SourceSpec",
    "StoredSecret",
]

URL_SLOT = "url"
"""Slot of the secret inside a Tracecat URL."""
HMAC_SLOT = "hmac"
"""Slot of FlowTrux's HMAC secret."""
SHARED_KEY_SLOT = "shared_key"
"""Slot of Vectense's shared key."""
API_KEY_SLOT = "api_key"
"""Slot of Tracecat's webhook API key; its value is the SHA-256 of the key, never the key."""
SIGNING_SLOT = "signing"
"""Default slot of a vendor's credentials."""
MAX_EVENTS = 100_000
"""The highest limit of events in one request that a source or a vendor may set."""


def _range(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        message = f"{value!r} is not an address or CIDR range such as 203.0.113.0/24"
        raise ValueError(message) from error
    return value


AddressRange = Annotated[str, Field(max_length=100), AfterValidator(_range)]
Method = Annotated[str, Field(pattern=r"^[A-Z]{1,16}$")]
Alias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[\t\x20-\x7e\xa0-\xff]{0,4096}$")]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RateLimit(_Spec):
    """At most `requests` in any `per_seconds`; further ones get 429 with Retry-After."""

    requests: Annotated[int, Field(ge=1, le=1_000_000)]
    per_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60


class ResponseMode(_Spec):
    """What the sender is answered; `status` and `headers` apply in every mode."""

    mode: Literal["minimal", "lastNode", "specificNode", "allNodes"] = "minimal"
    node: str | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    headers: dict[HeaderName, HeaderValue] = {}

    @model_validator(mode="after")
    def _names_a_node(self) -> Self:
        if self.mode == "specificNode" and not self.node:
            message = "the mode specificNode needs `node`, the id of the node whose output is answered"
            raise ValueError(message)
        return self


class SourceSpec(_Spec):
    """The settings of a source, without its secrets (`StoredSecret`)."""

    name: Annotated[str, Field(max_length=200)] = ""
    aliases: Annotated[
        tuple[Alias, ...], Field(max_length=16, description="Former ids, which URLs may still use.")
    ] = ()
    vendor: Annotated[str, Field(max_length=100)] | None = None
    settings: dict[str, Any] = {}
    enabled: bool = True
    methods: tuple[Method, ...] = ("POST",)
    allowlist: tuple[AddressRange, ...] = ()
    rate_limit: RateLimit | None = None
    max_body_bytes: Annotated[int, Field(ge=0, le=1 << 30)] | None = None
    max_concurrent: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_events: Annotated[int, Field(ge=1, le=MAX_EVENTS)] | None = None
    open: bool = False
    header_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = None
    body_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")] | None = None
    validation: Annotated[Literal["off", "warn", "enforce"], Field(alias="validate")] = "off"
    verification: Literal["enforce", "report"] = "enforce"
    response: ResponseMode = ResponseMode()

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=True, validate_by_alias=True
    )


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """One value in a slot. It is not in `repr`.

    Attributes:
        value: Key bytes, decoded from the pasted text; for `api_key` the SHA-256 of the key.
        text: The text that was pasted or generated, for URLs shown to editors; empty for `api_key`.
        expires: Microseconds UTC from which it is no longer valid, or None.
        revoked: A revoked API key matches nothing, but the source still demands a key.
    """

    id: Id
    slot: str
    value: bytes
    text: str = ""
    label: str | None = None
    created: int = 0
    expires: int | None = None
    revoked: bool = False

    def __repr__(self) -> str:
        return f"StoredSecret(slot={self.slot!r}, label={self.label!r})"

    def live(self, now: int) -> bool:
        """Whether it is valid at `now` (microseconds UTC)."""
        return bool(self.value) and not self.revoked and (self.expires is None or now < self.expires)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source, as in the snapshot of the store.

    Attributes:
        workflow: The workflow that owns it, None for a shared source.
        generation: Increases with each change of the source or its secrets; compared when a request is accepted.
    """

    org: Id
    id: Id
    workflow: Id | None
    spec: SourceSpec
    secrets: tuple[StoredSecret, ...]
    generation: int
    created: int
    updated: int
    created_by: Id | None = None

    def live(self, slot: str, now: int) -> tuple[StoredSecret, ...]:
        """The secrets of `slot` that are valid at `now`, newest first."""
        return tuple(secret for secret in self.secrets if secret.slot == slot and secret.live(now))

    def has(self, slot: str) -> bool:
        """Whether `slot` was ever set. A credential that was set is demanded even when it is revoked or expired."""
        return any(secret.slot == slot for secret in self.secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsChange:
    """What happens to the secrets of a source or a subscription, in this order; all others stay as they are.

    Attributes:
        clear: Slots that lose all their secrets. With `add` this replaces the secrets of a slot.
        remove: Ids of single secrets that are deleted.
        add: New secrets, each in the slot that it names.
        overlap: Microseconds after which the older secrets of the slot and label of an added one expire, 0: at once.
            None: they stay live.
    """

    clear: Collection[str] = ()
    remove: Collection[Id] = ()
    add: Sequence[StoredSecret] = ()
    overlap: int | None = None


SAME_SECRETS = SecretsChange()
"""The change that leaves all secrets as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange:
    """What one operation of the store changes of a source.

    Attributes:
        spec: The new spec as a whole; None leaves the old one.
        secrets: What happens to its secrets.
    """

    spec: SourceSpec | None = None
    secrets: SecretsChange = SAME_SECRETS
