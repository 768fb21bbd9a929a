"""The exception by which a step refuses a request, and the answer that the sender gets for it."""

from __future__ import annotations

from dataclasses import replace

from hub.errors import HubError, Reject
from hub.inbound.sendable import sendable
from hub.inbound.stages import IdentifiedRequest
from hub.model.ids import Id
from hub.model.wire.reply import Reply
from hub.sdk.dialect import Dialect, Refusal

__all__ = ["ACCEPTED_ENCODINGS", "RequestRefused", "answer"]

ACCEPTED_ENCODINGS = "gzip, deflate"
"""The codings that a body may have."""


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


def answer(refusal: Refusal, dialect: Dialect, identified: IdentifiedRequest | None) -> Reply:
    """What `Vendor.refusals` says for the status, else the dialect's own body.

    With Retry-After if the refusal has one, Allow if the method is refused (RFC 9110, 15.5.6), and Accept-Encoding if
    the Content-Encoding is refused (RFC 9110, 15.5.16).

    Args:
        refusal: The refusal.
        dialect: The dialect of the URL.
        identified: The request, if its source is known.
    """
    vendor = None if identified is None else identified.vendor
    reply = vendor.refusals.get(refusal.status) if vendor is not None else None
    if reply is not None:
        try:
            reply = sendable(reply)
        except ValueError:
            reply = None  # the sender is refused all the same
    if reply is None:
        reply = dialect.refused(refusal)
    headers = dict(reply.headers)
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    if refusal.check == "encoding":
        headers["accept-encoding"] = ACCEPTED_ENCODINGS
    if reply.status == 405 and identified is not None:
        headers["allow"] = ", ".join(identified.methods)
    return reply if headers == reply.headers else replace(reply, headers=headers)
