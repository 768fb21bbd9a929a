"""An event on its way out, as plugin authors see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """An outgoing event. `hub_message` may change it once, before it is frozen and signed.

    Attributes:
        id: The hub's id (`msg_…`), the same for every receiver and attempt. A change to it is ignored.
        type: An event type of the catalog.
        data: A JSON value.
        created: When it was published, with its time zone. A change to it is ignored.
        client: The client that it concerns. A subscription may be limited to some clients.
        ordering_key: Messages with the same key reach each receiver in order.
    """

    id: str
    type: str
    data: Any
    created: datetime
    client: str | None = None
    ordering_key: str | None = None
