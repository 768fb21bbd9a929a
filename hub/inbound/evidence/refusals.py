"""The exception that ends the way of a request, and how it becomes the sender's answer."""

from __future__ import annotations

from hub.errors import HubError, Reject
from hub.model.wire.reply import Reply
from hub.sdk.dialect import Dialect, Refusal
from hub.sdk.vendor import Vendor

__all__ = ["Refused", "answer", "refusal_of"]


class Refused(HubError):
    """A step refuses; `refusal` says which and why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def refusal_of(reject: Reject, step: str, check: str) -> Refusal:
    """A plugin's or parser's `Reject` at `step` as a refusal."""
    return Refusal(step, check, reject.status, reject.reason)


def answer(refusal: Refusal, dialect: Dialect, vendor: Vendor | None) -> Reply:
    """`Vendor.refusals` by status, else the dialect's own body; Retry-After where the refusal names one."""
    reply = vendor.refusals.get(refusal.status) if vendor is not None else None
    if reply is None:
        reply = dialect.refused(refusal)
    if refusal.retry_after is None:
        return reply
    headers = {**reply.headers, "retry-after": str(refusal.retry_after)}
    return Reply(reply.status, reply.body, headers, reply.media_type, reply.keep)
