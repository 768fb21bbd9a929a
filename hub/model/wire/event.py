"""One happening read from a request, as plugin authors see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """One happening in a request: `Vendor.read` gives them, `hub_event` may change them.

        Event("issues.opened", payload, id=request.headers["x-github-delivery"])

    Attributes:
        type: The name as the vendor writes it, as in the catalog (`user.lifecycle.create`).
        data: A JSON value, or bytes.
        id: The vendor's id of the happening: the same when it is sent again, unique within source and account. An
            event without one is never a duplicate.
        time: When it happened, with its time zone, if the vendor says.
        account: Shop, tenant or workspace where it happened; `Grant.account` if None.
        control: A ping, a revocation or the like. It starts only workflows that name its type.
    """

    type: str
    data: Any
    id: str | None = None
    time: datetime | None = None
    account: str | None = None
    control: bool = False
