"""The six hooks. A plugin implements those it needs, each marked with `@hookimpl`.

All may be sync or async but `hub_register` (sync) and `hub_lifespan` (an async context manager). The hub asks one
plugin at a time, in order of their names (`tryfirst` and `trylast` move one), and knows whom it is asking. An
implementation may leave out arguments that it does not need.

**A broadcast hook may observe or veto; only the vendor bound to the source may grant.**
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager

import pluggy

from hub.model.wire.event import Event
from hub.model.wire.message import Message
from hub.model.wire.record import Record
from hub.model.wire.request import Request
from hub.sdk.context import Source
from hub.sdk.handle import HubHandle
from hub.sdk.registry import Registry

__all__ = [
    "hookimpl",
    "hub_event",
    "hub_guard",
    "hub_lifespan",
    "hub_message",
    "hub_observe",
    "hub_register",
]

hookspec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")
"""Marks a function as the implementation of the hook that bears its name."""


@hookspec
def hub_register(registry: Registry) -> None:
    """Add what the plugin brings: vendors, schemes, actions and so on. Called once, when the plugin is loaded.

        @hookimpl
        def hub_register(registry):
            registry.vendor(vendor)
            registry.scheme("acme", Hmac(header="x-acme-signature"))

    Args:
        registry: Takes entries on trial; none of them counts unless all are accepted.

    A failure drops what was staged; the plugin is shown as broken and the hub starts.
    """


@hookspec
def hub_lifespan(hub: HubHandle) -> AbstractAsyncContextManager[object]:  # type: ignore[empty-body] # a declaration
    """Open what the plugin needs while the hub runs, and close it.

        @hookimpl
        @asynccontextmanager
        async def hub_lifespan(hub):
            async with connect(hub.public_url) as pool:
                yield pool

    Args:
        hub: Public URL, version, a log, and `publish`.

    A failure at start shows the plugin as broken; sources of its vendors answer 503 and keep the request.
    """


@hookspec
def hub_guard(request: Request, source: Source) -> Awaitable[None] | None:
    """Veto a request before its vendor is asked.

        @hookimpl
        def hub_guard(request, source):
            if request.client in blocked:
                raise Reject("blocked address", 403)

    Args:
        request: What was sent; nothing is verified yet.
        source: The source that it came to.

    Returns nothing. `Reject` refuses with its status; any other error refuses with 503.
    """


@hookspec
def hub_event(event: Event) -> Awaitable[Event | None] | Event | None:
    """Change a verified event, drop it or hold it.

        @hookimpl
        def hub_event(event):
            if event.type == "user.session.start":
                raise Drop("not interesting")
            return replace(event, data=without_addresses(event.data))

    Args:
        event: As read, or as the plugin before left it.

    Returns the event to go on with; None leaves it as it is. `Drop` is recorded; any other error holds the event,
    visible and retryable.
    """


@hookspec
def hub_message(message: Message) -> Awaitable[Message | None] | Message | None:
    """Change an outgoing message or drop it; once per message, before it is frozen and signed.

        @hookimpl
        def hub_message(message):
            return replace(message, data={**message.data, "environment": "production"})

    Args:
        message: As published, or as the plugin before left it.

    Returns the message to go on with; None leaves it as it is. `Drop` and errors as in `hub_event`.
    """


@hookspec
def hub_observe(record: Record) -> Awaitable[None] | None:
    """See a change of state after it was committed; off the request path.

        @hookimpl
        async def hub_observe(record):
            if record.kind == "execution" and record.state == "failed":
                await pager.notify(record.id, record.reason)

    Args:
        record: What changed; no secrets, no payloads.

    A failure is logged; after repeated failures the plugin's observing is suspended until it is enabled again.
    """
