"""The exception by which a step refuses a request, and the answer that the sender gets for it."""

from __future__ import annotations

from hub.errors import HubError, Reject
from hub.model.ids import Id
from hub.model.wire.reply import Reply
from hub.sdk.dialect import Dialect, Refusal
from hub.sdk.vendor import Vendor

__all__ = ["RequestRefused", "answer"]


class RequestRefused(HubError):
    """A step refuses a request.

    Args:
        refusal: Which step and check, with what status, and why.
        matched: Ids of the secrets that had matched, where the refusing step matched some itself; for the evidence.
    """

    def __init__(self, refusal: Refusal, matched: tuple[Id, ...] = ()) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
        self.matched = matched

    @classmethod
    def by(cls, reject: Reject, step: str, check: str, *, public: str = "") -> RequestRefused:
        """The `Reject` of a plugin or parser, as a refusal of `step`."""
        return cls(Refusal(step, check, reject.status, reject.reason, public))


def answer(refusal: Refusal, dialect: Dialect, vendor: Vendor | None) -> Reply:
    """What `Vendor.refusals` says for the status, else the dialect's own body; Retry-After if the refusal has one."""
    reply = vendor.refusals.get(refusal.status) if vendor is not None else None
    if reply is None:
        reply = dialect.refused(refusal)
    if refusal.retry_after is None:
        return reply
    headers = {**reply.headers, "retry-after": str(refusal.retry_after)}
    return Reply(reply.status, reply.body, headers, reply.media_type, reply.keep)
