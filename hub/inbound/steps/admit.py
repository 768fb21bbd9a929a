"""Step 2, admit: the checks that need no body, in the dialect's order; then the body is read under its size cap."""

from __future__ import annotations

from hub.inbound.admission import admission_checks, check_published, check_vendor
from hub.inbound.http.arrival import Body, BodyStream
from hub.inbound.http.body import decoded_body, read_body
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import AdmittedRequest, IdentifiedRequest
from hub.model.stored.source import StoredSecret
from hub.plugins.clock import RequestClock
from hub.sdk.dialect import Refusal

__all__ = ["admit"]


async def admit(identified: IdentifiedRequest, parts: PipelineParts) -> AdmittedRequest:
    """Check what the source asks of every request, then read the body.

    A request that counts for the concurrency limit of its source holds a place until `Limits.leave`.

    Raises:
        RequestRefused: A check fails (400, 401, 403, 404, 405), a limit is reached (429), the body is too large (413),
            too slow (408) or not to be decoded (400, 415), or the vendor's plugin is not active (503).
        ConnectionError: The sender hung up before the body was complete.
    """
    check_vendor(identified, parts.plugins)
    matched = identified.matched
    for _, check in admission_checks(identified.arrival.dialect):
        checked = check(identified, parts.limits)
        if isinstance(checked, StoredSecret):
            matched += (checked.id,)
        elif checked is not None:
            await checked
    check_published(identified)
    arrival = identified.arrival
    try:
        if isinstance(arrival.body, bytes):
            body = decoded_body(arrival, arrival.body)
        else:
            body = await _counted_body(identified, arrival.body, parts)
    except RequestRefused as refused:
        raise RequestRefused(refused.refusal, matched) from refused
    challenger = identified.challenger
    clock = RequestClock(parts.request_seconds if challenger is None else challenger.deadline)
    return AdmittedRequest(identified, arrival.request(body, parts.base_url, identified.challenger), clock, matched)


async def _counted_body(identified: IdentifiedRequest, stream: BodyStream, parts: PipelineParts) -> Body:
    """The body of a request that has been counted as running."""
    arrival, spec, challenger = identified.arrival, identified.source.spec, identified.challenger
    at_most = spec.max_concurrent
    if at_most is not None and not parts.limits.enter(identified.source.id, at_most, arrival.id):
        reason = f"more than {at_most} requests at once"
        raise RequestRefused(Refusal("admit", "concurrency", 429, reason, "Too many requests", 1))
    cap = spec.max_body_bytes
    if cap is None:
        cap = parts.max_body if challenger is None or challenger.max_body is None else challenger.max_body
    return await read_body(arrival, stream, cap, parts.body_seconds)
