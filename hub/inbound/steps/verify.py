"""Step 5, verify: credentials set on the source, then the vendor's scheme, over the exact bytes."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Reject, Unavailable
from hub.inbound.evidence.refusals import Refused
from hub.inbound.gate import Gate
from hub.inbound.http.arrival import Arrival
from hub.model.ids import Id
from hub.model.stored.source import HMAC_SLOT, SHARED_KEY_SLOT, StoredSecret
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.plugins.calling import answer_of
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.sdk.context import Source
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = [
    "HMAC_HEADER",
    "SHARED_KEY_QUERY",
    "Asked",
    "Verified",
    "check_hmac",
    "check_scheme",
    "check_shared_key",
    "verify",
]

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


@dataclass(frozen=True, slots=True)
class Verified:
    """The vendor's grant, empty for a source without a vendor, and the ids of the secrets that matched."""

    grant: Grant
    matched: tuple[Id, ...] = ()


async def verify(arrival: Arrival, gate: Gate, request: Request, asked: Asked | None) -> Verified:
    """Check every credential that is set on the source, then the bound vendor's scheme.

    Raises:
        Refused: 401, a credential is missing or wrong; 503, a key server did not answer or the clock ran out.
    """
    own = (check_hmac(arrival, gate, request), check_shared_key(arrival, gate))
    grant = Grant() if asked is None else await check_scheme(request, asked)
    vendors = (bytes.fromhex(grant.secret.id),) if grant.secret is not None else ()
    return Verified(grant, (*(secret.id for secret in own if secret is not None), *vendors))


def check_hmac(arrival: Arrival, gate: Gate, request: Request) -> StoredSecret | None:
    """The HMAC secret under which the body is signed, None for a source without one. Raises `Refused` (401)."""
    if not gate.source.has(HMAC_SLOT):
        return None
    presented = request.headers.all(HMAC_HEADER)
    if len(presented) != 1:
        why = "is missing" if not presented else "is given twice"
        raise Refused(Refusal("verify", "hmac", 401, f"the signature in X-Webhook-Signature {why}"))
    try:
        return gate.match_hmac(presented[0], request.body, arrival.received)
    except Reject as reject:
        raise Refused(Refusal("verify", "hmac", 401, reject.reason)) from reject


def check_shared_key(arrival: Arrival, gate: Gate) -> StoredSecret | None:
    """The shared key in `?key=`, None for a source without one or a dialect that has checked it already.

    Raises:
        Refused: 401, it is missing or wrong.
    """
    if not gate.source.has(SHARED_KEY_SLOT) or arrival.dialect.slot == SHARED_KEY_SLOT:
        return None
    keys = arrival.query.all(SHARED_KEY_QUERY)
    matched = gate.match(SHARED_KEY_SLOT, keys[0], arrival.received) if len(keys) == 1 else None
    if matched is None:
        why = "is missing" if not keys else "is given twice" if len(keys) > 1 else "matches no live key"
        raise Refused(Refusal("verify", "shared_key", 401, f"the shared key in ?key= {why}"))
    return matched


async def check_scheme(request: Request, asked: Asked) -> Grant:
    """What the bound vendor's scheme grants. Raises `Refused`: 401, or 503 where it cannot be decided now."""
    vendor = asked.vendor
    for credential in vendor.credentials:
        if credential.required and not asked.source.secrets(credential.slot):
            reason = f"no live secret in slot {credential.slot!r}: set the {credential.title} on the source"
            raise Refused(Refusal("verify", "signature", 401, reason))
    try:
        scheme = answer_of(vendor.name, vendor.scheme_for, (asked.source.settings,))
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
