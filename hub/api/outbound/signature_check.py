"""Checking a signature as a receiver got or computed it, with hints at the likely mistake."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from hub.api.web.services import Services
from hub.errors import Conflict, Reject
from hub.inbound.explain.hints import as_signed, hints
from hub.inbound.gate import Gate
from hub.model.ids import write_id
from hub.model.stored.outbound import SubscriptionRecord
from hub.model.stored.source import SourceRecord, SourceSpec
from hub.model.times import from_micros
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.model.wire.values import Values
from hub.plugins.calling import answer_of, awaited
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import Scheme

__all__ = ["ReceivedInput", "check_signature"]


class ReceivedInput(BaseModel):
    """A delivery as its receiver got it."""

    model_config = ConfigDict(extra="forbid")

    headers: Annotated[dict[str, str], Field(max_length=200)]
    body: Annotated[str, Field(description="The exact body.")]

    def values(self) -> Values[str]:
        """The headers as a scheme reads them."""
        return Values(tuple(self.headers.items()), caseless=True)


async def check_signature(
    subscription: SubscriptionRecord, headers: Values[str], body: bytes, hub: Services
) -> dict[str, Any]:
    """`{"valid", "scheme", "reason", "secret", "hints"}`, never the expected signature.

    Raises:
        Conflict: The subscription is not signed, or no active plugin provides its scheme.
    """
    name = subscription.spec.scheme
    scheme = hub.plugins.scheme(name)
    if scheme is None:
        raise Conflict(f"no active plugin provides the scheme {name!r}")
    if not subscription.secrets:
        raise Conflict("the subscription has no secret: its deliveries are not signed")
    now = hub.clock.now()
    gate = Gate.of(_as_source(subscription))
    request = Request(
        id=write_id("req", subscription.id),
        method="POST",
        client="",
        body=body,
        headers=headers,
        url=subscription.spec.url,
        received=from_micros(now),
    )

    async def passes(changed: Request, other: Gate) -> bool:
        return not (await _verify(name, scheme, changed, other, now))[0]

    reason, secret = await _verify(name, scheme, request, gate, now)
    found = await hints(request, gate, passes) if reason else ()
    if reason and not found and (then := as_signed(request)) is not None:
        # A delivery is pasted long after it was sent. Its age is no surprise, so check it as of the time of sending.
        reason = (await _verify(name, scheme, then, gate, now))[0] or reason
        found = await hints(then, gate, passes)
    return {
        "valid": not reason,
        "scheme": name,
        "reason": reason,
        "secret": secret,
        "hints": list(found),
    }


def _as_source(subscription: SubscriptionRecord) -> SourceRecord:
    """The source that a hub at the receiving end would have."""
    return SourceRecord(
        org=subscription.org,
        id=subscription.id,
        workflow=None,
        spec=SourceSpec(),
        secrets=subscription.secrets,
        generation=subscription.generation,
        created=subscription.created,
        updated=subscription.updated,
    )


async def _verify(name: str, scheme: Scheme, request: Request, gate: Gate, now: int) -> tuple[str, str | None]:
    """Why it is refused (empty if it is not), and the id of the secret that matched."""
    live = tuple(
        Secret(write_id("sec", each.id), each.slot, each.value, each.label)
        for each in gate.source.secrets
        if each.live(now)
    )
    source = Source(id=write_id("src", gate.source.id), url=request.url, _secrets=live)
    try:
        given = answer_of(name, scheme.verify, (request, source))
        grant = await awaited(name, given) if inspect.isawaitable(given) else given
    except Reject as error:
        return error.reason, None
    except Exception as error:  # noqa: BLE001 - a plugin's code; whatever it raises refuses the input
        return f"the scheme failed: {type(error).__name__}", None
    return "", None if grant.secret is None else grant.secret.id
