"""Signed links: the result of an execution to download, or its state. The link itself is the permission to follow it.

A link names the org, the execution and the time at which it expires; itsdangerous signs it with a key for links only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from itsdangerous import BadData, URLSafeSerializer

from hub.errors import Reject
from hub.model.ids import Id
from hub.model.times import SECOND
from hub.ports.clock import Clock

__all__ = ["Link", "Links", "Purpose"]

Purpose = Literal["result", "status"]

_PATHS: dict[Purpose, str] = {"result": "results", "status": "status"}
"""The part of the URL for each purpose."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link leads to.

    Attributes:
        org: Owner of the execution.
        execution: Its id.
    """

    org: Id
    execution: Id


class Links:
    """Makes links and reads the tokens in them.

    Args:
        key: At least 32 bytes, used for links only, so that no other MAC of the hub can stand in for one.
        clock: Decides what has expired.
        base_url: Public base URL of the hub.
    """

    def __init__(self, key: bytes, clock: Clock, base_url: str) -> None:
        # The salt keeps the purposes apart: a token made for one has no valid signature for another.
        options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._signed: dict[Purpose, URLSafeSerializer] = {
            purpose: URLSafeSerializer(key, salt=f"hub.links.{purpose}", signer_kwargs=options) for purpose in _PATHS
        }
        self._clock = clock
        self._base_url = base_url

    def url(self, purpose: Purpose, org: Id, execution: Id, seconds: float) -> str:
        """An absolute URL that works for `seconds`."""
        expires = self._clock.now() + int(seconds * SECOND)
        token = self._signed[purpose].dumps([org.hex(), execution.hex(), expires])
        return f"{self._base_url}/api/{_PATHS[purpose]}/{token}"

    def read(self, token: str, purpose: Purpose) -> Link:
        """What the link with this token leads to.

        Raises:
            Reject: 403 when the hub did not make the token for this purpose, 410 when it has expired.
        """
        try:
            payload: Any = self._signed[purpose].loads(token)
        except BadData as error:
            raise Reject("this link was not made by the hub for this address", 403) from error
        org, execution, expires = payload
        if expires <= self._clock.now():
            raise Reject("this link has expired; ask for a new one", 410)
        return Link(bytes.fromhex(org), bytes.fromhex(execution))
