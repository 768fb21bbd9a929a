"""Credentials that a source needs, and the secrets stored for them."""

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
    """A secret that may be used now. Its bytes are not in `repr`.

    Attributes:
        id: The hub's id of the secret.
        slot: Its slot in `Vendor.credentials`.
        value: The key bytes, decoded according to the kind of the credential.
        label: The tenant or key id that it belongs to, if it was stored with one.
    """

    id: str
    slot: str
    value: bytes = field(repr=False)
    label: str | None = None

    def hmac(self, content: bytes | str, digest: str = "sha256", encoding: Encoding = "hex") -> str:
        """The MAC of `content` under this secret, as text.

        Args:
            content: What to sign; text is encoded as UTF-8.
            digest: The name of a hashlib digest, such as `sha256` or `sha1`.
            encoding: How the MAC is written: lower-case hex, or padded base64.

        Raises:
            ValueError: hashlib does not know the digest, or the secret is empty.
        """
        if not self.value:
            raise ValueError("an empty secret cannot sign")
        mac = hmac.digest(self.value, content.encode() if isinstance(content, str) else content, digest)
        return mac.hex() if encoding == "hex" else binascii.b2a_base64(mac, newline=False).decode()


@dataclass(frozen=True, slots=True)
class Credential:
    """A slot for secrets: what the operator enters, how it is checked, decoded and masked.

    Attributes:
        slot: Name of the slot, which `Source.secrets` and schemes refer to.
        title: What the operator reads beside the field.
        kind: How the pasted text becomes key bytes. `text`: its UTF-8 bytes. `hex` and `base64`: the decoded bytes.
            `whsec`: a Standard Webhooks secret, which is `whsec_` and base64 of 24 to 64 bytes. `whsk`: a Standard
            Webhooks ed25519 key, `whpk_…` (public) or `whsk_…` (private).
        public: A public key, which is shown, not masked.
        origin: Who makes the value.
        required: Whether a source of this vendor needs it.
    """

    slot: str = "signing"
    title: str = "Signing secret"
    kind: CredentialKind = "text"
    public: bool = False
    origin: CredentialOrigin = "vendor"
    required: bool = True

    def decode(self, text: str) -> bytes:
        """The key bytes of a pasted text. White space around hex, base64 and Standard Webhooks keys is ignored.

        Raises:
            ValueError: The text is empty or of another kind. The message says what is expected and never repeats
                the text.
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
        """A new random value of 32 bytes, written as an operator would paste it (`whsk_…` for ed25519)."""
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
        """What may be shown of a value: a public key as it is, otherwise at most the last four characters."""
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
    """An ed25519 private key as 64 bytes, seed and public key: a form that differs from a 32-byte public key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return seed + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
