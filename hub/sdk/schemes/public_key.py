"""Signatures with a private key; the receiver has the public key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.model.wire.secret import Secret
from hub.sdk.schemes.keys import Algorithm, sign_with, verifies
from hub.sdk.schemes.signed import Signed

__all__ = ["PublicKey"]


@dataclass(frozen=True, kw_only=True)
class PublicKey(Signed):
    """Signatures with a private key; the source has the public key.

        PublicKey(header="x-signature-ed25519", timestamp="x-signature-timestamp", content="{timestamp}{body}")

    Keys are read as PEM or DER (public key, private key or X.509 certificate); for ed25519 also as 32 raw bytes
    (public) or 64 (private seed and public key). A private key can verify too, and is needed to sign.

    Attributes:
        algorithm: `ecdsa-sha256` signatures are in ASN.1 DER; `rsa-sha256` is PKCS #1 v1.5.

    Raises:
        ValueError: The algorithm is unknown, or as `Signed`.
    """

    algorithm: Algorithm = "ed25519"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.algorithm not in ("ed25519", "ecdsa-sha256", "rsa-sha256"):
            raise ValueError(f"{self.algorithm!r} is not an algorithm: use ed25519, ecdsa-sha256 or rsa-sha256")

    def _matches(self, secret: Secret, content: bytes, signatures: Sequence[str]) -> bool:
        for signature in signatures:
            raw = self._decode(signature)
            if raw is not None and verifies(self.algorithm, secret.value, raw, content):
                return True
        return False

    def _sign(self, secret: Secret, content: bytes) -> str:
        return self._encode(sign_with(self.algorithm, secret.value, content))
