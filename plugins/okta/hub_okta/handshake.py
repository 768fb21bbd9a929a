"""The one-time verification: Okta checks that the endpoint is ours before it delivers anything.

A GET with the header `x-okta-verification-challenge`, unsigned and without a body, is answered with the header's value
as `verification` (concepts/event-hooks, "One-time verification request"). No secret goes into the answer.
The header decides, not the method: Okta sends it with nothing else, and a Tracecat URL with `vendor=okta` answers it
with every method.
"""

from __future__ import annotations

from hub import Reply, Request, Source

__all__ = ["CHALLENGE_HEADER", "challenge"]

CHALLENGE_HEADER = "x-okta-verification-challenge"
"""The header whose value Okta expects back."""


def challenge(request: Request, source: Source) -> Reply | None:
    """The answer to a verification; None for a request without the header.

    Raises:
        Reject: Status 400: the header is given more than once.
    """
    del source
    value = request.headers.get(CHALLENGE_HEADER)
    return Reply(200, {"verification": value}) if value else None
