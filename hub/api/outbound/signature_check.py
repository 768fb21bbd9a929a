"""Whether what a receiver got, or computed, is what the hub signs; and if not, which mistake explains it."""

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
    """A delivery as its receiver saw it."""

    model_config = ConfigDict(extra="forbid")

    headers: Annotated[dict[str, str], Field(max_length=200)]
    body: Annotated[str, Field(description="The raw body, byte for byte.")]

    def values(self) -> Values[str]:
        """The headers as a scheme reads them."""
        return Values(tuple(self.headers.items()), caseless=True)


async def check_signature(
    subscription: SubscriptionRecord, headers: Values[str], body: bytes, hub: Services
) -> dict[str, Any]:
    """`{"valid", "scheme", "reason", "secret", "hints"}`; an expected signature is never told.

    Raises:
        Conflict: The subscription is not signed, or no active plugin brings its scheme.
    """
    name = subscription.spec.scheme
    scheme = hub.plugins.scheme(name)
    if scheme is None:
        raise Conflict(f"no active plugin brings the scheme {name!r}")
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
        # pasted long after it was sent: its age is no news, so look at what else is wrong
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
    """The other end: what a hub would be that received the deliveries."""
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
    """Why it is refused, empty when it is not, and the id of the secret that matched."""
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
    except Exception as error:  # noqa: BLE001 - a scheme that fails on an input refuses it
        return f"the scheme failed: {type(error).__name__}", None
    return "", None if grant.secret is None else grant.secret.id
