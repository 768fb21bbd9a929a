"""Asking a vendor for a reply: in the steps challenge and reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.errors import PluginError, Reject
from hub.inbound.refusals import RequestRefused
from hub.inbound.sendable import sendable
from hub.model.wire.reply import Reply
from hub.plugins.calling import Unanswered
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = ["ask_challenge", "ask_reply", "checked_reply"]


async def ask_challenge(
    vendor: Vendor, function: Callable[..., Any], *arguments: Any, clock: RequestClock, plugins: Plugins
) -> Reply | None:
    """What the vendor's `challenge` answers; None for a request that is not a handshake.

    Raises:
        RequestRefused: The vendor rejects the request, or its code failed, did not answer in time, or answered what
            cannot be sent (503).
    """
    try:
        given = await plugins.ask(vendor.name, clock, function, *arguments)
    except Reject as reject:
        raise RequestRefused.by(reject, "challenge", "challenge") from reject
    except Exception as error:
        reason = f"plugin {vendor.name} failed in challenge: {type(error).__name__}: {error}"
        raise RequestRefused(Refusal("challenge", "plugin", 503, reason)) from error
    if given is None:
        return None
    try:
        return sendable(given)
    except ValueError as error:
        reason = str(plugins.blame("vendor", vendor.name, "challenge", error))
        raise RequestRefused(Refusal("challenge", "plugin", 503, reason)) from error


async def ask_reply(
    vendor: Vendor, function: Callable[..., Any], *arguments: Any, clock: RequestClock, plugins: Plugins
) -> Reply | None:
    """What the vendor's `reply` answers to an accepted request; None when it leaves the answer to the next rule.

    Raises:
        PluginError: There is no answer that may be sent. A rejection is none, nor is a reply with a status of 500 and
            more: the request is accepted, and the sender would send it again for nothing. The plugin is blamed.
    """
    try:
        given = await plugins.ask(vendor.name, clock, function, *arguments)
    except Unanswered as error:
        raise PluginError(vendor.name, f"failed in reply: it did not answer within {clock.seconds:g} s") from error
    except Reject as error:
        raise plugins.blame("vendor", vendor.name, "reply", error) from error
    except Exception as error:
        raise PluginError(vendor.name, f"failed in reply: {type(error).__name__}: {error}") from error
    return None if given is None else checked_reply(vendor, given, plugins)


def checked_reply(vendor: Vendor, given: object, plugins: Plugins) -> Reply:
    """A reply to an accepted request that can be sent. Raises `PluginError`, as `ask_reply`."""
    try:
        reply = sendable(given)
    except ValueError as error:
        raise plugins.blame("vendor", vendor.name, "reply", error) from error
    if reply.status >= 500:
        fault = ValueError(f"an accepted request is not answered with {reply.status}")
        raise plugins.blame("vendor", vendor.name, "reply", fault)
    return reply
