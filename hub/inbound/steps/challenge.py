"""Step 4, challenge: the source's vendor may answer an unsigned handshake; no execution starts."""

from __future__ import annotations

from hub.errors import Reject
from hub.inbound.evidence.refusals import Refused
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.sdk.context import Source
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = ["challenge"]


async def challenge(
    request: Request, source: Source, vendor: Vendor, plugins: Plugins, clock: RequestClock
) -> Reply | None:
    """The vendor's answer to a handshake, None for an ordinary request.

    Raises:
        Refused: The vendor rejects the handshake, or its code failed (503).
    """
    if vendor.challenge is None:
        return None
    try:
        reply: Reply | None = await plugins.ask(vendor.name, clock, vendor.challenge, request, source)
    except Reject as reject:
        raise Refused(Refusal("challenge", "challenge", reject.status, reject.reason)) from reject
    except Exception as error:
        reason = f"plugin {vendor.name} failed in challenge: {type(error).__name__}: {error}"
        raise Refused(Refusal("challenge", "plugin", 503, reason)) from error
    return reply
