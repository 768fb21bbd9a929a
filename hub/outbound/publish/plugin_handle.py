"""The running hub as plugins see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from hub.errors import NotFound
from hub.model.ids import Id, write_id
from hub.model.stored.access import DEFAULT_ORG
from hub.model.stored.outbound import Published
from hub.outbound.publish.publish import Publication
from hub.sdk.action import Log

__all__ = ["PluginHandle"]

Publish = Callable[[Publication], Awaitable[Published]]


class PluginHandle:
    """Implements `hub.sdk.handle.HubHandle`.

    Args:
        public_url: Base URL under which senders reach the hub.
        version: Version of the hub.
        publish: Publishes a message.
        org_named: Finds the id of an org by its name; None if no org has it.
    """

    def __init__(self, public_url: str, version: str, publish: Publish, org_named: Callable[[str], Id | None]) -> None:
        self.public_url = public_url
        self.version = version
        self.log: Log = structlog.get_logger("hub.plugin")
        self._publish = publish
        self._org_named = org_named

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
        """Publish a message to the subscriptions of an org; returns its id (`msg_…`) after the commit.

        Raises:
            Invalid: The catalog has the type, and `data` does not match its schema.
            NotFound: No org has this name.
        """
        found = self._org_named(org)
        if found is None:
            raise NotFound(f"no org is named {org!r}")
        published = await self._publish(
            Publication(
                org=found,
                type=type,
                data=data,
                client=client,
                ordering_key=ordering_key,
                idempotency_key=idempotency_key,
                origin="plugin",
            )
        )
        return write_id("msg", published.id)
