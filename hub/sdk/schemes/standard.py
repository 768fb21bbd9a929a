"""Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec), both directions."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from hub.model.wire.secret import Credential, Secret
from hub.sdk.schemes.hmac import Hmac
from hub.sdk.schemes.keys import check_key
from hub.sdk.schemes.public_key import PublicKey
from hub.sdk.schemes.scheme import Outgoing, Scheme
from hub.sdk.schemes.token import Token

__all__ = ["CORE_CREDENTIALS", "CORE_SCHEMES", "Standard", "public_text"]


def Standard(  # noqa: N802 - named like the scheme that it makes
    *, headers: str = "webhook", asymmetric: bool = False, slot: str = "signing"
) -> Scheme:
    """Standard Webhooks: id, timestamp and a list of signatures over `{id}.{timestamp}.{body}`, 300 s tolerance.

        verify=Standard(headers="svix"), credentials=(Credential(kind="whsec"),)

    Args:
        headers: Start of the three header names: `webhook` gives webhook-id, webhook-timestamp and webhook-signature;
            senders from before the standard use `svix`.
        asymmetric: v1a (ed25519; keys `whpk_…` and `whsk_…`, `Credential(kind="whsk")`) instead of v1
            (HMAC-SHA256; `whsec_…`, `Credential(kind="whsec")`).
        slot: Slot of the keys.
    """
    kind = PublicKey if asymmetric else Hmac
    return kind(
        header=f"{headers}-signature",
        split=" ",
        prefix="v1a," if asymmetric else "v1,",
        id=f"{headers}-id",
        timestamp=f"{headers}-timestamp",
        content="{id}.{timestamp}.{body}",
        encoding="base64",
        slot=slot,
    )


def public_text(key: bytes) -> str:
    """`whpk_…` of a decoded `whsk` credential, for the receivers of v1a signatures.

    Raises:
        ValueError: The bytes are not such a key.
    """
    if len(key) not in (32, 64):
        raise ValueError("a Standard Webhooks ed25519 key has 32 bytes (public) or 64 (private)")
    check_key("ed25519", key)
    return "whpk_" + base64.b64encode(key[-32:]).decode()


@dataclass(frozen=True, kw_only=True)
class _GitHub(Hmac):
    """As GitHub signs its webhooks, with the message's type and id in its headers of event and delivery."""

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        # Headers are ASCII; types need not be. Nothing that stands in an ordinary type is changed by this.
        event = quote(message.type, safe=_PRINTABLE)
        return {**super().sign(message, secrets), "x-github-event": event, "x-github-delivery": message.id}


_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))

CORE_SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "standard": Standard(),
        "standard-ed25519": Standard(asymmetric=True),
        "github": _GitHub(header="x-hub-signature-256", prefix="sha256="),
        "hmac-sha256": Hmac(header="x-webhook-signature"),
        "hmac-sha256-timestamped": Hmac(
            header="x-webhook-signature", split=",", prefix="v1=", timestamp="t=", content="{timestamp}.{body}"
        ),
        "bearer": Token(header="authorization", prefix="Bearer "),
    }
)
"""Schemes that need no plugin. `hmac-sha256` is what FlowTrux sources verify."""

CORE_CREDENTIALS: Mapping[str, Credential] = MappingProxyType(
    {
        "standard": Credential(kind="whsec"),
        "standard-ed25519": Credential(kind="whsk", title="Signing key"),
        "bearer": Credential(title="Token"),
    }
)
"""Their credentials, where they are not plain text."""
