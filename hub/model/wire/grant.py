"""What a successful verification says, and what became of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.errors import Reject
from hub.model.wire.event import Event
from hub.model.wire.secret import Secret

__all__ = ["Grant", "Outcome"]


@dataclass(frozen=True, slots=True)
class Grant:
    """The request is what it claims to be.

    Attributes:
        secret: The one that matched, None for a scheme without secrets.
        account: Shop, tenant or workspace that the credential stands for; default of `Event.account`.
        once: A nonce, claimed when the request is accepted: seen again with the same body it is a duplicate, with
            another body it is refused (401).
    """

    secret: Secret | None = None
    account: str | None = None
    once: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a verified request; third argument of `Vendor.reply`.

    Attributes:
        events: The events read from it, after `hub_event`.
        grant: What the verification said.
        duplicate: Every event of it was accepted before.
        result: Result of a waiting response mode, else None.
    """

    events: tuple[Event, ...]
    grant: Grant
    duplicate: bool = False
    result: Any = None

    @property
    def secret(self) -> Secret:
        """The secret that matched. Raises `Reject` if the scheme uses none."""
        if self.grant.secret is None:
            raise Reject("the scheme of this vendor uses no secret")
        return self.grant.secret
