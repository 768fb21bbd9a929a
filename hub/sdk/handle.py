"""What a plugin can use of the running hub."""

from __future__ import annotations

from typing import Any, Protocol

from hub.model.stored.access import DEFAULT_ORG
from hub.sdk.action import Log

__all__ = ["HubHandle"]


class HubHandle(Protocol):
    """The running hub, given to `hub_lifespan`."""

    @property
    def public_url(self) -> str:
        """Base URL under which senders reach the hub, without a slash at the end."""
        ...

    @property
    def version(self) -> str:
        """Version of integration-hub."""
        ...

    @property
    def log(self) -> Log:
        """The hub's log."""
        ...

    async def publish(
        self,
        type: str,  # noqa: A002 - the field's name in the HTTP contract
        data: Any,
        *,
        org: str = DEFAULT_ORG,
        client: str | None = None,
        ordering_key: str | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Publish a message to the org's subscriptions; returns its id (`msg_…`) once it is committed.

        Args:
            type: Type of the event.
            data: A JSON value.
            org: Name of the org.
            client: Only subscriptions for this client (or for all clients) get it.
            ordering_key: Messages with the same key reach a subscription in the order of their commits.
            idempotency_key: A second message with the same key is not published; the id of the first is returned.

        Raises:
            Invalid: The catalog declares the type and `data` does not fit its schema.
            NotFound: The org does not exist.
        """
        ...
