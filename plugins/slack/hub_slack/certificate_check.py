"""The certificate check: now and then Slack posts `ssl_check=1` to check that the endpoint's certificate is valid.

It is an unsigned form to which Slack expects an empty 200. The answer is the same for every sender and contains nothing
that was sent. Source: Slack Developer Docs, "Implementing slash commands".
"""

from __future__ import annotations

from hub import Reply, Request, Source

__all__ = ["challenge"]

_FORM = "application/x-www-form-urlencoded"


def challenge(request: Request, source: Source) -> Reply | None:
    """An empty 200 for a certificate check; None for anything else.

    Raises:
        Reject: Status 400: the form has too many fields to read, or the content type is given twice.
    """
    del source
    if b"ssl_check" not in request.body or request.media_type != _FORM:
        return None
    return Reply(200) if request.form().all("ssl_check") == ("1",) else None
