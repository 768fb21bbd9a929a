"""The six hooks. A plugin implements those that it needs, each marked with `@hookimpl`.

All may be sync or async, except `hub_register` (sync) and `hub_lifespan` (an async context manager). The hub calls one
plugin at a time, in order of their names (`tryfirst` and `trylast` change it), and faults are attributed to the plugin.
An implementation may leave out arguments that it does not need.

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
"""Marks a function as the implementation of the hook of the same name."""


@hookspec
def hub_register(registry: Registry) -> None:
    """Add the plugin's vendors, schemes, actions and so on. Called once, when the plugin is loaded.

        @hookimpl
        def hub_register(registry):
            registry.vendor(vendor)
            registry.scheme("acme", Hmac(header="x-acme-signature"))

    Args:
        registry: Takes entries. Either all of them are accepted or none.

    After a failure none of the entries is used, the plugin is shown as broken, and the hub starts.
    """


@hookspec
def hub_lifespan(hub: HubHandle) -> AbstractAsyncContextManager[object]:  # type: ignore[empty-body] # the hook is only declared here
    """Open what the plugin needs while the hub is running, and close it at the end.

        @hookimpl
        @asynccontextmanager
        async def hub_lifespan(hub):
            async with connect(hub.public_url) as pool:
                yield pool

    Args:
        hub: The running hub: public URL, version, a log, and `publish`.

    If the start fails, the plugin is shown as broken; sources of its vendors answer 503 and keep the request.
    """


@hookspec
def hub_guard(request: Request, source: Source) -> Awaitable[None] | None:
    """Veto a request before its vendor is called.

        @hookimpl
        def hub_guard(request, source):
            if request.client in blocked:
                raise Reject("blocked address", 403)

    Args:
        request: The request; nothing of it is verified yet.
        source: The source that it came to.

    Returns None. `Reject` refuses the request with its status; any other error refuses it with 503.
    """


@hookspec
def hub_event(event: Event) -> Awaitable[Event | None] | Event | None:
    """Change, drop or hold a verified event.

        @hookimpl
        def hub_event(event):
            if event.type == "user.session.start":
                raise Drop("not interesting")
            return replace(event, data=without_addresses(event.data))

    Args:
        event: The event as it was read, or as the plugin before returned it.

    Returns the event to go on with; None leaves it unchanged. `Drop` is recorded. Any other error holds the event,
    visible and retryable.
    """


@hookspec
def hub_message(message: Message) -> Awaitable[Message | None] | Message | None:
    """Change or drop an outgoing message. Called once per message, before it is frozen and signed.

        @hookimpl
        def hub_message(message):
            return replace(message, data={**message.data, "environment": "production"})

    Args:
        message: The message as it was published, or as the plugin before returned it.

    Returns the message to go on with; None leaves it unchanged. `Drop` and errors as in `hub_event`.
    """


@hookspec
def hub_observe(record: Record) -> Awaitable[None] | None:
    """Observe a change of state after it was committed, outside the handling of requests.

        @hookimpl
        async def hub_observe(record):
            if record.kind == "execution" and record.state == "failed":
                await pager.notify(record.id, record.reason)

    Args:
        record: The change, without secrets and payloads.

    A failure is logged. After repeated failures the plugin gets no more records until it is enabled again.
    """
