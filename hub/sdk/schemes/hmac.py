"""Signatures with a shared secret (HMAC)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from hub.model.wire.secret import Secret
from hub.sdk.schemes.comparison import octets
from hub.sdk.schemes.signed import Signed

__all__ = ["Hmac"]


@dataclass(frozen=True, kw_only=True)
class Hmac(Signed):
    """Signatures with a shared secret.

        Hmac(header="x-hub-signature-256", prefix="sha256=")
        Hmac(header="stripe-signature", split=",", prefix="v1=", timestamp="t=", content="{timestamp}.{body}")

    Attributes:
        digest: Name of a digest of hashlib.

    Raises:
        ValueError: hashlib does not have the digest; or as `Signed`.
    """

    digest: str = "sha256"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.digest not in hashlib.algorithms_available or hashlib.new(self.digest).digest_size == 0:
            raise ValueError(f"{self.digest!r} is not a digest for an HMAC, such as sha256")

    def _matches(self, secret: Secret, content: bytes, signatures: Sequence[str]) -> bool:
        expected = self._encode(hmac.digest(secret.value, content, self.digest)).encode()
        found = False
        for signature in signatures:
            found |= hmac.compare_digest(expected, octets(signature))
        return found

    def _sign(self, secret: Secret, content: bytes) -> str:
        return self._encode(hmac.digest(secret.value, content, self.digest))
