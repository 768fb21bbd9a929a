"""Slots of secrets and the values that live in them."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Literal

from hub.model.masking import masked_end

__all__ = ["Credential", "CredentialKind", "Encoding", "Secret"]

Encoding = Literal["hex", "base64"]
"""How bytes are written: lower-case hex, or padded base64 of the standard alphabet."""

CredentialKind = Literal["text", "hex", "base64", "whsec", "whsk"]
"""How pasted text becomes key bytes."""

CredentialOrigin = Literal["vendor", "hub", "handshake"]
"""Who makes the value: the vendor (the operator pastes it), the hub, or a handshake (`Reply.keep`)."""

_SEED = 32
_EXPANDED = 64


@dataclass(frozen=True, slots=True)
class Secret:
    """A live value of a slot. Its bytes are hidden from `repr`.

    Attributes:
        id: The hub's id of the secret.
        slot: The slot of `Vendor.credentials` that it lives in.
        value: Key bytes, decoded as the credential's kind says.
        label: Tenant or key id that it belongs to, if it was stored with one.
    """

    id: str
    slot: str
    value: bytes = field(repr=False)
    label: str | None = None

    def hmac(self, content: bytes | str, digest: str = "sha256", encoding: Encoding = "hex") -> str:
        """The MAC of `content` under this secret, as text.

        Args:
            content: What to sign; text is taken as UTF-8.
            digest: A name that hashlib knows, such as `sha256` or `sha1`.
            encoding: Lower-case hex, or padded base64.

        Raises:
            ValueError: hashlib knows no such digest, or the secret is empty.
        """
        if not self.value:
            raise ValueError("an empty secret signs nothing")
        mac = hmac.digest(self.value, content.encode() if isinstance(content, str) else content, digest)
        return mac.hex() if encoding == "hex" else binascii.b2a_base64(mac, newline=False).decode()


@dataclass(frozen=True, slots=True)
class Credential:
    """A slot of secrets: form field, masking, check on save, rotation and overlap come from it.

    Attributes:
        slot: Name of the slot, as `Source.secrets` and schemes ask for it.
        title: What the operator reads beside the field.
        kind: How the pasted text becomes key bytes. `text`: its UTF-8 bytes. `hex`, `base64`: decoded. `whsec`: a
            Standard Webhooks secret, `whsec_` and base64 of 24 to 64 bytes. `whsk`: a Standard Webhooks ed25519
            key, `whpk_` (public) or `whsk_` (private).
        public: A public key: shown, not masked.
        origin: Who makes the value.
        required: Whether a source of this vendor can work without it.
    """

    slot: str = "signing"
    title: str = "Signing secret"
    kind: CredentialKind = "text"
    public: bool = False
    origin: CredentialOrigin = "vendor"
    required: bool = True

    def decode(self, text: str) -> bytes:
        """Key bytes of what was pasted. White space around hex, base64 and Standard Webhooks keys is ignored.

        Raises:
            ValueError: The text is empty or not of this kind; the message says what is expected and never
                repeats the text.
        """
        if not text.strip():
            raise ValueError(f"{self.title} is empty")
        match self.kind:
            case "text":
                return text.encode()
            case "hex":
                return self._hex(text.strip())
            case "base64":
                return self._base64(text.strip(), "base64 text, such as c2VjcmV0")
            case "whsec":
                return self._whsec(text.strip())
            case "whsk":
                return self._whsk(text.strip())

    def generate(self) -> str:
        """A new random value in the form that would be pasted: 32 bytes of randomness (`whsk_…` for ed25519)."""
        raw = secrets.token_bytes(32)
        match self.kind:
            case "hex":
                return raw.hex()
            case "base64":
                return base64.b64encode(raw).decode()
            case "whsec":
                return "whsec_" + base64.b64encode(raw).decode()
            case "whsk":
                return "whsk_" + base64.b64encode(_expand(raw)).decode()
            case "text":
                return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def mask(self, text: str) -> str:
        """What may be shown of a value: all of a public key, else at most its last four characters."""
        if self.public:
            return text
        return masked_end(text)

    def _hex(self, text: str) -> bytes:
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text):
            raise ValueError(f"{self.title} must be hex digits in pairs, such as 9f86d081")
        return bytes.fromhex(text)

    def _base64(self, text: str, expected: str) -> bytes:
        unpadded = text.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            value = base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
        except ValueError:
            value = b""
        if not value:
            raise ValueError(f"{self.title} must be {expected}")
        return value

    def _whsec(self, text: str) -> bytes:
        expected = "whsec_ and base64 of 24 to 64 bytes (Standard Webhooks)"
        if text.startswith(("whsk_", "whpk_")):
            raise ValueError(f"{self.title} must be {expected}, not an ed25519 key")
        value = self._base64(text.removeprefix("whsec_"), expected)
        if not 24 <= len(value) <= 64:
            raise ValueError(f"{self.title} must be {expected}, not of {len(value)} bytes")
        return value

    def _whsk(self, text: str) -> bytes:
        expected = "a Standard Webhooks ed25519 key: whpk_ and base64 of 32 bytes, or whsk_ and base64 of 32 or 64"
        prefix, encoded = text[:5], text[5:]
        if prefix not in ("whsk_", "whpk_"):
            raise ValueError(f"{self.title} must be {expected}")
        value = self._base64(encoded, expected)
        if prefix == "whpk_" and len(value) == _SEED:
            return value
        if prefix == "whsk_" and len(value) in (_SEED, _EXPANDED):
            expanded = _expand(value[:_SEED])
            if expanded.startswith(value):
                return expanded
        raise ValueError(f"{self.title} must be {expected}")


def _expand(seed: bytes) -> bytes:
    """An ed25519 private key as seed and public key, 64 bytes, the form that a 32-byte public key is told from."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return seed + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
