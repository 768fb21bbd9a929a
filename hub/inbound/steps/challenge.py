"""Step 4, challenge: a vendor may answer an unsigned handshake; no execution starts."""

from __future__ import annotations

from hub.inbound.evidence.request_records import request_record
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import AdmittedRequest, ChallengedRequest, GuardedRequest
from hub.inbound.vendor_answers import ask_challenge
from hub.model.stored.inbound import Acceptance, KeptSecret
from hub.model.wire.reply import Reply
from hub.sdk.dialect import Refusal

__all__ = ["challenge"]

_ASKING = ("HEAD", "OPTIONS")
"""Methods that ask about an address and start nothing (RFC 9110, 9.2.1)."""


async def challenge(guarded: GuardedRequest, parts: PipelineParts) -> ChallengedRequest:
    """Ask the vendor whether the request is a handshake; commit the handshake and its answer if it is one.

    HEAD and OPTIONS are answered here too, without a body and without being kept.

    Raises:
        RequestRefused: The vendor rejects the handshake, or its code failed (503); 405, the request uses a method that
            is allowed for a handshake only.
        StaleSource: The source changed meanwhile; nothing was kept.
        StoreUnavailable: Nothing was kept.
    """
    admitted, context = guarded.admitted, guarded.context
    identified = admitted.identified
    vendor, method = identified.challenger, identified.arrival.method
    asks = method in _ASKING and (vendor is None or method not in vendor.methods)
    if method == "HEAD" or asks:
        return ChallengedRequest(admitted, context, Reply(200, headers={"allow": ", ".join(identified.methods)}))
    if vendor is None:
        return ChallengedRequest(admitted, context)
    if vendor.challenge is not None:
        reply = await ask_challenge(
            vendor, vendor.challenge, admitted.request, context, clock=admitted.clock, plugins=parts.plugins
        )
        if reply is not None:
            await _keep(admitted, reply, parts)
            return ChallengedRequest(admitted, context, reply)
    if identified.vendor is None:
        # `vendor=` lends a handshake and nothing else: from here on the source is one without a vendor.
        if method not in identified.source.spec.methods:
            reason = f"{method} is allowed only for a handshake of the vendor named in the URL"
            raise RequestRefused(Refusal("admit", "method", 405, reason))
        context = parts.contexts.of(identified, None, admitted.request, admitted.clock)
    return ChallengedRequest(admitted, context)


async def _keep(admitted: AdmittedRequest, reply: Reply, parts: PipelineParts) -> None:
    """Commit an answered handshake with the secrets that its reply keeps.

    They fill empty slots only: a handshake is not signed, so it must not replace what verification relies on.
    """
    keep = tuple(KeptSecret(one.slot, one.value, one.label, replace=False) for one in reply.keep)
    record = request_record(
        admitted.identified,
        admitted.request,
        admitted.matched,
        parts.fingerprints,
        state="challenge",
        step="challenge",
        reason="handshake answered",
        status=reply.status,
    )
    await parts.store.inbound.accept(Acceptance(record, admitted.identified.source.generation, keep=keep))
    parts.emitter.request(record)
