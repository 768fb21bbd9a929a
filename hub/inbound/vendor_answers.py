"""Asking a vendor for a reply: in the steps challenge and reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from hub.errors import Reject
from hub.inbound.refusals import RequestRefused
from hub.model.wire.reply import Reply
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = ["ask_vendor"]


async def ask_vendor(
    vendor: Vendor,
    step: Literal["challenge", "reply"],
    function: Callable[..., Any],
    *arguments: Any,
    clock: RequestClock,
    plugins: Plugins,
) -> Reply | None:
    """What the vendor's `challenge` or `reply` answers; None when it leaves the answer to the next rule.

    Raises:
        RequestRefused: The vendor rejects the request, or its code failed or did not answer in time (503).
    """
    try:
        reply: Reply | None = await plugins.ask(vendor.name, clock, function, *arguments)
    except Reject as reject:
        raise RequestRefused.by(reject, step, "challenge" if step == "challenge" else "vendor") from reject
    except Exception as error:
        reason = f"plugin {vendor.name} failed in {step}: {type(error).__name__}: {error}"
        raise RequestRefused(Refusal(step, "plugin", 503, reason)) from error
    return reply
