"""What explaining a kept request has to know of it: what was not kept, and what the hub said then."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.inbound.gate import Gate
from hub.model.stored.inbound import RequestRecord
from hub.model.wire.values import Values

__all__ = ["KeptRequest"]

_BEFORE_BODY = frozenset({"identify", "admit"})
_NOT_REPEATED = frozenset({"event", "accept"})
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """A kept request that is explained.

    Attributes:
        record: The request with the verdict that it was given.
        now: Microseconds UTC: its credentials are compared with those that are live now.
    """

    record: RequestRecord
    now: int

    @property
    def missing_body(self) -> str:
        """Why the body is not known; empty where it is."""
        record = self.record
        if record.body is None or len(record.body) < record.size:
            return "the body is not kept any more"
        if record.state != "refused" or record.step not in _BEFORE_BODY or record.size or self._has_no_body():
            return ""
        return "the body was never kept: the request was refused before it was read"

    @property
    def not_repeated(self) -> str:
        """What refused it and is not tried when it is explained; empty without such a refusal."""
        record = self.record
        if record.state != "refused" or record.step not in _NOT_REPEATED:
            return ""
        return f"it was refused here then: {record.reason}. Explaining does not repeat this step"

    def gate(self, gate: Gate) -> Gate:
        """The source with the secrets that are live now: one that has expired since matches nothing."""
        secrets = tuple(one if one.live(self.now) else replace(one, revoked=True) for one in gate.source.secrets)
        return Gate.of(replace(gate.source, secrets=secrets), known=gate.known)

    def _has_no_body(self) -> bool:
        headers = Values(self.record.headers, caseless=True)
        lengths = headers.all("content-length")
        if lengths:
            return all(one.strip() == "0" for one in lengths)
        return self.record.method in _BODILESS and not headers.all("transfer-encoding")
