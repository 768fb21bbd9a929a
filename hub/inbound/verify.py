"""Step 5, verify: credentials set on the source, then the vendor's scheme, over the exact bytes."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Reject, Unavailable
from hub.inbound.arrival import Arrival
from hub.inbound.gate import Gate
from hub.inbound.refused import Refused
from hub.model.grant import Grant
from hub.model.request import Request
from hub.model.secret import Secret
from hub.model.source import HMAC_SLOT, SHARED_KEY_SLOT
from hub.plugins.clock import RequestClock
from hub.plugins.context import Source
from hub.plugins.dialect import Refusal
from hub.plugins.host import Plugins
from hub.plugins.vendor import Vendor

__all__ = ["HMAC_HEADER", "SHARED_KEY_QUERY", "Asked", "verify"]

HMAC_HEADER = "x-webhook-signature"
"""Header of the source's HMAC (FlowTrux, protocols.md 2)."""
SHARED_KEY_QUERY = "key"
"""Query parameter of the shared key (Vectense, protocols.md 3)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A bound vendor and what asking it takes."""

    vendor: Vendor
    source: Source
    plugins: Plugins
    clock: RequestClock


async def verify(arrival: Arrival, gate: Gate, request: Request, asked: Asked | None) -> Grant:
    """Check every credential that is set on the source, then the bound vendor's scheme.

    Returns:
        The vendor's grant; an empty one for a source without a vendor.

    Raises:
        Refused: 401, a credential is missing or wrong; 503, a key server did not answer or the clock ran out.
    """
    _source_credentials(arrival, gate, request)
    return Grant() if asked is None else await _vendor_scheme(request, asked)


def _source_credentials(arrival: Arrival, gate: Gate, request: Request) -> None:
    source = gate.source
    if source.has(HMAC_SLOT):
        presented = request.headers.all(HMAC_HEADER)
        if len(presented) != 1:
            why = "is missing" if not presented else "is given twice"
            raise Refused(Refusal("verify", "hmac", 401, f"the signature in X-Webhook-Signature {why}"))
        try:
            gate.match_hmac(presented[0], request.body, arrival.received)
        except Reject as reject:
            raise Refused(Refusal("verify", "hmac", 401, reject.reason)) from reject
    if source.has(SHARED_KEY_SLOT) and arrival.dialect.slot != SHARED_KEY_SLOT:
        keys = arrival.query.all(SHARED_KEY_QUERY)
        if len(keys) != 1 or gate.match(SHARED_KEY_SLOT, keys[0], arrival.received) is None:
            why = "is missing" if not keys else "is given twice" if len(keys) > 1 else "matches no live key"
            raise Refused(Refusal("verify", "shared_key", 401, f"the shared key in ?key= {why}"))


async def _vendor_scheme(request: Request, asked: Asked) -> Grant:
    vendor = asked.vendor
    for credential in vendor.credentials:
        if credential.required and not asked.source.secrets(credential.slot):
            reason = f"no live secret in slot {credential.slot!r}: set the {credential.title} on the source"
            raise Refused(Refusal("verify", "signature", 401, reason))
    try:
        scheme = vendor.scheme_for(asked.source.settings)
        checked: object = await asked.plugins.ask(vendor.name, asked.clock, scheme.verify, request, asked.source)
    except Unavailable as unavailable:
        raise Refused(Refusal("verify", "unavailable", 503, unavailable.reason)) from unavailable
    except Reject as reject:
        status = 401 if reject.status == 400 else reject.status
        raise Refused(Refusal("verify", "signature", status, reject.reason)) from reject
    except Exception as error:
        reason = f"plugin {vendor.name} failed in verify: {type(error).__name__}: {error}"
        raise Refused(Refusal("verify", "signature", 401, reason)) from error
    if isinstance(checked, Secret):
        return Grant(secret=checked)
    if isinstance(checked, Grant):
        return checked
    reason = f"plugin {vendor.name}: verify returned {type(checked).__name__}, not a Grant or Secret"
    raise Refused(Refusal("verify", "signature", 401, reason))
