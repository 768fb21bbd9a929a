"""What admitting and verifying needs of a source, computed once per change of the source."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field

from hub.errors import Reject
from hub.model.ids import Id
from hub.model.stored.source import (
    API_KEY_SLOT,
    HMAC_SLOT,
    SHARED_KEY_SLOT,
    URL_SLOT,
    SourceRecord,
    SourceSpec,
    StoredSecret,
)
from hub.model.wire.secret import Secret

__all__ = ["Gate", "decoy", "digest"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def digest(text: str) -> bytes:
    """SHA-256 of a credential. Digests have one length, so comparing them takes as long whatever was sent."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


@dataclass(frozen=True, slots=True)
class Gate:
    """A source with what requests to it are compared with, ready for use.

    Attributes:
        known: Whether the source exists; a decoy's does not.
        digests: Slot -> (secret, SHA-256 of its text) for the slots that are compared as text.
        networks: The allowlist, parsed.
        networks_v4: Its IPv4 part, for dialects that know IPv4 only.
    """

    source: SourceRecord
    known: bool
    digests: dict[str, tuple[tuple[StoredSecret, bytes], ...]]
    networks: tuple[Network, ...]
    networks_v4: tuple[Network, ...] = field(default=())

    @classmethod
    def of(cls, source: SourceRecord, *, known: bool = True) -> Gate:
        """Parse and digest what a request is compared with."""
        digests: dict[str, tuple[tuple[StoredSecret, bytes], ...]] = {}
        for slot in (URL_SLOT, SHARED_KEY_SLOT):
            digests[slot] = tuple((one, digest(one.text)) for one in source.secrets if one.slot == slot and one.text)
        # Of an API key only its SHA-256 is stored.
        digests[API_KEY_SLOT] = tuple((one, one.value) for one in source.secrets if one.slot == API_KEY_SLOT)
        networks = tuple(ipaddress.ip_network(entry, strict=False) for entry in source.spec.allowlist)
        return cls(source, known, digests, networks, tuple(one for one in networks if one.version == 4))

    def match(self, slot: str, presented: str, now: int) -> StoredSecret | None:
        """The live secret of `slot` that equals `presented`; an empty one equals nothing.

        Constant time: every secret is compared, by digest, even after one has matched, so that the time tells neither
        how much of a secret was right nor which one it was.
        """
        offered = digest(presented)
        found = None
        for secret, expected in self.digests[slot]:
            if hmac.compare_digest(offered, expected) and presented and secret.live(now):
                found = found or secret
        return found

    def match_hmac(self, presented: str, body: bytes, now: int) -> StoredSecret:
        """The live HMAC secret under which `presented` is the lower-case hex HMAC-SHA256 of `body`.

        Every live secret is tried before a signature is refused, and each comparison takes constant time.

        Raises:
            Reject: 401, none matches.
        """
        offered = presented.encode("utf-8", "surrogateescape")
        for secret in self.source.live(HMAC_SLOT, now):
            expected = hmac.digest(secret.value, body, "sha256").hex().encode()
            if hmac.compare_digest(offered, expected):
                return secret
        raise Reject("the signature in X-Webhook-Signature matches no live HMAC secret")

    def author_secrets(self, now: int) -> tuple[Secret, ...]:
        """The live secrets as plugin authors see them; the URL's own is not among them."""
        return tuple(
            Secret(one.id.hex(), one.slot, one.value, one.label)
            for one in self.source.secrets
            if one.slot != URL_SLOT and one.live(now)
        )


def decoy(slot: str | None) -> Gate:
    """The gate of a source that does not exist, with secrets that nobody knows.

    Requests with unknown ids are checked against it: they take the same path, and as long, as those with known ids.

    Args:
        slot: The credential of the dialect in whose place it stands.
    """
    slots = {URL_SLOT, slot or SHARED_KEY_SLOT}
    nobody: Id = bytes(16)
    stored = tuple(
        StoredSecret(nobody, one, (text := secrets.token_urlsafe(32)).encode(), text) for one in sorted(slots)
    )
    return Gate.of(SourceRecord(nobody, nobody, None, SourceSpec(), stored, 0, 0, 0), known=False)
