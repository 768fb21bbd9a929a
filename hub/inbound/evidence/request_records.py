"""Requests as they are kept: byte for byte, without a live credential in them."""

from __future__ import annotations

from dataclasses import replace

from hub.inbound.evidence.fingerprints import Fingerprints
from hub.inbound.http.arrival import Arrival, Body
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.source_lookup import request_by_id
from hub.inbound.stages import IdentifiedRequest, Stage, admitted_in, body_in, identified_in, verified_in
from hub.model.ids import Id
from hub.model.stored.inbound import RequestRecord, RequestState
from hub.model.wire.request import Request

__all__ = ["KEPT_REFUSED_BODY", "refusal_record", "request_record"]

KEPT_REFUSED_BODY = 16 * 1024
"""Most bytes of a refused request's body that are kept."""


def request_record(  # noqa: PLR0913 - one keyword for each column that the steps decide
    identified: IdentifiedRequest,
    request: Request,
    matched: tuple[Id, ...],
    fingerprints: Fingerprints,
    *,
    state: RequestState,
    step: str,
    reason: str,
    status: int,
    account: str | None = None,
) -> RequestRecord:
    """The record of a request; fingerprints stand in place of the credentials in its URL and headers.

    Of a refused request, the body is kept up to `KEPT_REFUSED_BODY`.

    Args:
        identified: The request and its source.
        request: The same request with its body.
        matched: Ids of the secrets that matched; the last one is kept.
        fingerprints: Hides credentials.
        state: What became of the request.
        step: The step that decided.
        reason: For the operator.
        status: The HTTP status of the answer.
        account: Account of the grant.
    """
    arrival, source, vendor = identified.arrival, identified.source, identified.vendor
    return RequestRecord(
        org=source.org,
        id=arrival.id,
        source=source.id,
        received=arrival.received,
        method=arrival.method,
        url=fingerprints.url(arrival, identified.target.secret, source),
        headers=fingerprints.headers(arrival, source, () if vendor is None else vendor.redact),
        body=request.received_body[:KEPT_REFUSED_BODY] if state == "refused" else request.received_body,
        size=len(request.received_body),
        digest=request.digest,
        client=arrival.client,
        dialect=arrival.dialect.name,
        state=state,
        step=step,
        reason=reason,
        status=status,
        vendor=source.spec.vendor,
        secret=matched[-1] if matched else None,
        account=account,
    )


def refusal_record(
    at: Stage, arrival: Arrival, refused: RequestRefused, status: int, parts: PipelineParts
) -> RequestRecord | None:
    """The evidence of a refusal; None where no source is known that it could be shown to.

    Where the credential in the URL is wrong, the evidence goes to the source whose id the URL names. So it does where
    the request was checked against a decoy, in whose place a source may have appeared since.

    Args:
        at: How far the request came before it was refused.
        arrival: The request itself.
        refused: Which step refused, why, and which secrets had matched then.
        status: The HTTP status of the answer.
        parts: The collaborators of the steps.
    """
    refusal, verified = refused.refusal, verified_in(at)
    if verified is not None:
        record = verified.record
        body = record.body[:KEPT_REFUSED_BODY] if record.body is not None else None
        return replace(record, state="refused", step=refusal.step, reason=refusal.reason, status=status, body=body)
    admitted, identified = admitted_in(at), identified_in(at)
    if identified is None or not identified.gate.known:
        identified = request_by_id(arrival, parts.store.snapshot, parts.plugins)
        if identified is None:
            return None
    return request_record(
        identified,
        admitted.request if admitted is not None else arrival.request(Body(body_in(at)), parts.base_url, None),
        refused.matched or (identified if admitted is None else admitted).matched,
        parts.fingerprints,
        state="refused",
        step=refusal.step,
        reason=refusal.reason,
        status=status,
    )
