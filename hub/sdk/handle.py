"""What a plugin may use of the running hub."""

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
        """The hub's log; whatever the plugin writes stands in it."""
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
        """Publish a message to the org's subscriptions; its id (`msg_…`) once it is committed.

        Raises:
            Invalid: The catalog knows the type and `data` does not fit its schema.
            NotFound: There is no such org.
        """
        ...
