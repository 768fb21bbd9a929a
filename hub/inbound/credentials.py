"""The checks of the verify step: the source's own HMAC and shared key, and the scheme of its vendor."""

from __future__ import annotations

from hub.errors import Reject, Unavailable
from hub.inbound.gate import Gate
from hub.inbound.http.arrival import Arrival
from hub.inbound.refusals import RequestRefused
from hub.model.stored.source import HMAC_SLOT, SHARED_KEY_SLOT, StoredSecret
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.plugins.calling import answer_of
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.sdk.context import Source
from hub.sdk.dialect import Refusal
from hub.sdk.schemes.scheme import bytes_for
from hub.sdk.vendor import Vendor

__all__ = ["HMAC_HEADER", "SHARED_KEY_QUERY", "check_hmac", "check_scheme", "check_shared_key"]

HMAC_HEADER = "x-webhook-signature"
"""Header of the source's HMAC, as FlowTrux's senders know it."""
SHARED_KEY_QUERY = "key"
"""Query parameter of the shared key, as Vectense's senders know it."""


def check_hmac(arrival: Arrival, gate: Gate, request: Request) -> StoredSecret | None:
    """The HMAC secret under which the body is signed; None for a source without one.

    Raises:
        RequestRefused: 401, the signature is missing or wrong.
    """
    if not gate.source.has(HMAC_SLOT):
        return None
    presented = request.headers.all(HMAC_HEADER)
    if len(presented) != 1:
        why = "is missing" if not presented else "is given twice"
        raise RequestRefused(Refusal("verify", "hmac", 401, f"the signature in X-Webhook-Signature {why}"))
    try:
        return gate.match_hmac(presented[0], request.received_body, arrival.received)
    except Reject as reject:
        raise RequestRefused.by(reject, "verify", "hmac") from reject


def check_shared_key(arrival: Arrival, gate: Gate) -> StoredSecret | None:
    """The shared key in `?key=`; None for a source without one, and in a dialect whose URL key is this very key.

    Raises:
        RequestRefused: 401, the key is missing or wrong.
    """
    if not gate.source.has(SHARED_KEY_SLOT) or arrival.dialect.slot == SHARED_KEY_SLOT:
        return None
    keys = arrival.query.all(SHARED_KEY_QUERY)
    matched = gate.match(SHARED_KEY_SLOT, keys[0], arrival.received) if len(keys) == 1 else None
    if matched is None:
        why = "is missing" if not keys else "is given twice" if len(keys) > 1 else "matches no live key"
        raise RequestRefused(Refusal("verify", "shared_key", 401, f"the shared key in ?key= {why}"))
    return matched


async def check_scheme(
    vendor: Vendor, request: Request, context: Source, clock: RequestClock, plugins: Plugins
) -> Grant:
    """What the bound vendor's scheme grants.

    Raises:
        RequestRefused: 401, the request is not the vendor's, or the vendor's own code failed; 503, it cannot be decided
            now, since a key server did not answer or the time of the request was used up.
    """
    for credential in vendor.credentials:
        if credential.required and not context.secrets(credential.slot):
            reason = f"no live secret in slot {credential.slot!r}: set the {credential.title} on the source"
            raise RequestRefused(Refusal("verify", "signature", 401, reason))
    try:
        scheme = answer_of(vendor.name, vendor.scheme_for, (context.settings,))
        checked: object = await plugins.ask(vendor.name, clock, scheme.verify, bytes_for(scheme, request), context)
    except Unavailable as unavailable:
        raise RequestRefused.by(unavailable, "verify", "unavailable") from unavailable
    except Reject as reject:
        # What a scheme cannot read (400) is a request that it does not vouch for.
        status = 401 if reject.status == 400 else reject.status
        raise RequestRefused(Refusal("verify", "signature", status, reject.reason)) from reject
    except Exception as error:
        reason = f"plugin {vendor.name} failed in verify: {type(error).__name__}: {error}"
        raise RequestRefused(Refusal("verify", "signature", 401, reason)) from error
    if isinstance(checked, Secret):
        return Grant(secret=checked)
    if isinstance(checked, Grant):
        return checked
    reason = f"plugin {vendor.name}: verify returned {type(checked).__name__}, not a Grant or Secret"
    raise RequestRefused(Refusal("verify", "signature", 401, reason))
