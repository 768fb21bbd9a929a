"""Step 5, verify: credentials set on the source, then the vendor's scheme, over the exact bytes."""

from __future__ import annotations

from hub.inbound.credentials import check_hmac, check_scheme, check_shared_key
from hub.inbound.evidence.request_records import request_record
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import ChallengedRequest, VerifiedRequest
from hub.model.ids import Id
from hub.model.wire.grant import Grant

__all__ = ["verify"]

_NO_GRANT = Grant()


async def verify(challenged: ChallengedRequest, parts: PipelineParts) -> VerifiedRequest:
    """Check every credential that is set on the source, then the bound vendor's scheme.

    In report-only mode, a source whose URL credential matched accepts what would be refused; the record says why.

    Raises:
        RequestRefused: 401, a credential is missing or wrong; 503, it cannot be decided now, since a key server did not
            answer or the time of the request was used up.
    """
    admitted = challenged.admitted
    identified, request = admitted.identified, admitted.request
    source, note = identified.source, ""
    try:
        grant, matched = await _check(challenged, parts)
    except RequestRefused as refused:
        report_only = source.spec.verification == "report" and identified.url_secret is not None
        if not report_only or refused.refusal.status >= 500:
            raise
        grant, matched = _NO_GRANT, ()
        note = f"report only, would be refused: {refused.refusal.reason}"
    matched = admitted.matched + matched
    record = request_record(
        identified,
        request,
        matched,
        parts.fingerprints,
        state="accepted",
        step="accept",
        reason=note,
        status=200,
        account=grant.account,
    )
    cleaned = parts.fingerprints.cleaned(request, source)
    return VerifiedRequest(identified, cleaned, challenged.context, admitted.clock, grant, matched, record)


async def _check(challenged: ChallengedRequest, parts: PipelineParts) -> tuple[Grant, tuple[Id, ...]]:
    """The vendor's grant, and the ids of the secrets that matched."""
    admitted = challenged.admitted
    identified, request = admitted.identified, admitted.request
    arrival, gate = identified.arrival, identified.gate
    own = (check_hmac(arrival, gate, request), check_shared_key(arrival, gate))
    matched = tuple([secret.id for secret in own if secret is not None])
    if identified.vendor is None:
        return _NO_GRANT, matched
    grant = await check_scheme(identified.vendor, request, challenged.context, admitted.clock, parts.plugins)
    if grant.secret is not None:
        matched += (bytes.fromhex(grant.secret.id),)
    return grant, matched
