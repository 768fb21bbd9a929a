"""An event on its way out, as plugin authors see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """What `hub_message` may change, once per message, before it is frozen and signed.

    Attributes:
        id: The hub's id (`msg_…`), the same for every receiver and attempt; changes to it are not taken over.
        type: An event type of the catalog.
        data: A JSON value.
        created: When it was published, with its time zone; changes to it are not taken over.
        client: The client that it concerns; subscriptions may be limited to clients.
        ordering_key: Messages with the same key reach each receiver in order.
    """

    id: str
    type: str
    data: Any
    created: datetime
    client: str | None = None
    ordering_key: str | None = None
