"""Signed links: a result to download, the state of an execution; whoever holds the link may follow it.

A token is base64url of a MAC over org, purpose, subject and expiry, and those values themselves. The key is derived
for links alone, so that no other MAC of the hub can stand in for one.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import Literal

from hub.errors import Reject
from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.model.times import SECOND
from hub.ports.clock import Clock

__all__ = ["Link", "Links", "Purpose"]

Purpose = Literal["result", "status"]

_MAC = 32
_PATHS: dict[Purpose, str] = {"result": "results", "status": "status"}
"""What stands in the URL for each purpose."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a token stands for.

    Attributes:
        subject: The hex of an execution id.
        expires: Microseconds UTC.
    """

    org: Id
    purpose: Purpose
    subject: str
    expires: int


class Links:
    """Makes and reads tokens.

    Args:
        key: At least 32 bytes, for links alone.
        clock: Decides what has expired.
        base_url: Public base URL of the hub.
    """

    def __init__(self, key: bytes, clock: Clock, base_url: str) -> None:
        self._key = key
        self._clock = clock
        self._base_url = base_url

    def url(self, org: Id, purpose: Purpose, subject: str, seconds: float) -> str:
        """An absolute URL that works for `seconds`."""
        expires = self._clock.now() + int(seconds * SECOND)
        payload = dumps([org.hex(), purpose, subject, expires])
        token = base64.urlsafe_b64encode(self._mac(payload) + payload).decode().rstrip("=")
        return f"{self._base_url}/api/{_PATHS[purpose]}/{token}"

    def read(self, token: str, purpose: Purpose) -> Link:
        """The link of a token.

        Raises:
            Reject: 403 for a token that the hub has not made for this purpose, 410 for one that has expired.
        """
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raw = b""
        mac, payload = raw[:_MAC], raw[_MAC:]
        if not hmac.compare_digest(mac, self._mac(payload)):
            raise Reject("this link was not made by the hub", 403)
        org, kind, subject, expires = loads(payload)
        if kind != purpose:
            raise Reject("this link was not made for this address", 403)
        if expires <= self._clock.now():
            raise Reject("this link has expired; ask for a new one", 410)
        return Link(bytes.fromhex(org), kind, subject, expires)

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")
