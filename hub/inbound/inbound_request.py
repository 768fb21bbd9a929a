"""How far a request has come; what is known of it when a step refuses."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.errors import HubError
from hub.inbound.evidence.fingerprints import KEPT_REFUSED_BODY, Evidence
from hub.inbound.http.arrival import Arrival
from hub.inbound.steps.identify import Identified
from hub.model.ids import Id, write_id
from hub.model.stored.inbound import RequestRecord, RequestState
from hub.model.times import from_micros
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.plugins.clock import RequestClock
from hub.sdk.dialect import Refusal
from hub.sdk.vendor import Vendor

__all__ = ["Journey"]

_NO_GRANT = Grant()


@dataclass(slots=True)
class Journey:
    """One request on its way.

    Attributes:
        step: The step that is being taken, for the evidence.
        body: The exact bytes, once they are read.
        counted: It counts as a running request of its source.
        note: For the operator, kept with an accepted request.
        matched: The secrets that matched so far, the strongest proof last.
    """

    arrival: Arrival
    base_url: str
    step: str = "identify"
    found: Identified | None = None
    vendor: Vendor | None = None
    body: bytes | None = None
    counted: bool = False
    note: str = ""
    matched: list[Id] = field(default_factory=list)
    clock: RequestClock = field(default_factory=lambda: RequestClock(0))

    @property
    def identified(self) -> Identified:
        """The source, once step 1 is done."""
        if self.found is None:
            raise HubError("the request is not identified yet")
        return self.found

    def request(self) -> Request:
        """The request as plugins see it."""
        arrival = self.arrival
        query = f"?{arrival.raw_query}" if arrival.raw_query else ""
        return Request(
            id=write_id("req", arrival.id),
            method=arrival.method,
            client=arrival.client,
            body=self.body or b"",
            headers=arrival.headers,
            url=f"{self.base_url}{arrival.path}{query}",
            received=from_micros(arrival.received),
            query=arrival.query,
            raw_query=arrival.raw_query,
        )

    def record(
        self,
        request: Request,
        evidence: Evidence,
        state: RequestState,
        reason: str,
        status: int,
        grant: Grant = _NO_GRANT,
    ) -> RequestRecord:
        """The request as it is kept: of a refused one at most 16 KiB of the body."""
        arrival, found = self.arrival, self.identified
        source = found.gate.source
        body = request.body[:KEPT_REFUSED_BODY] if state == "refused" else request.body
        return RequestRecord(
            org=source.org,
            id=arrival.id,
            source=source.id,
            received=arrival.received,
            method=arrival.method,
            url=evidence.url(arrival, found.target.secret, source),
            headers=evidence.headers(arrival, source, self.vendor.redact if self.vendor is not None else ()),
            body=body,
            size=len(request.body),
            digest=request.digest,
            client=arrival.client,
            dialect=arrival.dialect.name,
            state=state,
            step=self.step,
            reason=reason,
            status=status,
            vendor=source.spec.vendor,
            secret=self.matched[-1] if self.matched else None,
            account=grant.account,
        )

    def refused(self, refusal: Refusal, evidence: Evidence, status: int) -> RequestRecord:
        """The evidence of a refusal."""
        self.step = refusal.step
        return self.record(self.request(), evidence, "refused", refusal.reason, status)
