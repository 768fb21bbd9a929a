"""Step 1, identify: dialect route -> source, and the credential that the URL carries, in constant time."""

from __future__ import annotations

from hub.inbound.http.arrival import Arrival
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.source_lookup import find_gate, vendors_of
from hub.inbound.stages import IdentifiedRequest
from hub.sdk.dialect import Refusal

__all__ = ["identify"]


def identify(arrival: Arrival, parts: PipelineParts) -> IdentifiedRequest:
    """Find the source and check the credential that its URL carries.

    Raises:
        RequestRefused: 401 (404 in a dialect without credentials): the id is unknown or the credential is wrong; which
            of the two shows only in the reason, which the sender never sees. 503: the dialect's plugin is not active.
    """
    dialect = arrival.dialect
    if all(one.name != dialect.name for one in parts.plugins.dialects):
        reason = f"the plugin of the dialect {dialect.title} is not active"
        raise RequestRefused(Refusal("identify", "plugin", 503, reason, retry_after=60))
    snapshot = parts.store.snapshot
    target = dialect.target(arrival.params, arrival.query)
    gate, workflow = find_gate(snapshot, dialect, target)
    secret = None
    if dialect.carried == "url" and dialect.slot is not None:
        # Against a decoy, too, a digest is computed and compared: an unknown id takes as long as a wrong credential.
        secret = gate.match(dialect.slot, target.secret or "", arrival.received)
        if secret is None:
            why = "the credential in the URL matches no live secret" if gate.known else "no source has this id"
            raise RequestRefused(Refusal("identify", "url_secret" if gate.known else "unknown", 401, why))
    elif dialect.slot is None and not (gate.known and gate.source.spec.open):
        why = 'only a source with "open": true answers to its bare id' if gate.known else "no source has this id"
        raise RequestRefused(Refusal("identify", "unknown", 404, why))
    elif dialect.slot is not None and not gate.source.has(dialect.slot):
        why = f"the source has no {dialect.slot} secret, which the dialect {dialect.title} needs"
        raise RequestRefused(Refusal("identify", "unset", 401, why))
    vendor, challenger = vendors_of(arrival, gate.source, parts.plugins)
    return IdentifiedRequest(arrival, snapshot, gate, workflow, target, secret, vendor, challenger)
