"""The result of a successful verification, and the outcome of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.errors import Reject
from hub.model.wire.event import Event
from hub.model.wire.secret import Secret

__all__ = ["Grant", "Outcome"]


@dataclass(frozen=True, slots=True)
class Grant:
    """The request is authentic.

    Attributes:
        secret: The secret that matched, None for a scheme without secrets.
        account: Shop, tenant or workspace that the credential belongs to; the default of `Event.account`.
        once: A nonce, claimed when the request is accepted. A request that repeats it is a duplicate if it has the same
            body, and is refused (401) otherwise.
    """

    secret: Secret | None = None
    account: str | None = None
    once: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to a verified request: the third argument of `Vendor.reply`.

    Attributes:
        events: The events read from it, after `hub_event`.
        grant: The result of the verification.
        duplicate: Whether all its events were accepted before.
        result: Result of a waiting response mode, else None.
    """

    events: tuple[Event, ...]
    grant: Grant
    duplicate: bool = False
    result: Any = None

    @property
    def secret(self) -> Secret:
        """The secret that matched. Raises `Reject` if the scheme uses no secret."""
        if self.grant.secret is None:
            raise Reject("the scheme of this vendor uses no secret")
        return self.grant.secret
