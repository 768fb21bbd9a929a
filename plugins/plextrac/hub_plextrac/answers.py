"""What an answer of PlexTrac's API means for an action."""

from __future__ import annotations

from typing import Any

from hub import ActionFailed, Fetched, Reject

__all__ = ["checked"]

_MEANING = {
    401: "it refuses the token, username or password",
    403: "the account may not do this",
    404: "there is no such object, or the account may not see it",
    429: "too many calls",
}


def checked(answer: Fetched, doing: str) -> Any:
    """The JSON value of a successful answer.

    Args:
        answer: What PlexTrac answered.
        doing: What was tried, for the error.

    Raises:
        ActionFailed: Any other answer. A retry may help after 429 and 5xx, or an answer that is no JSON.
    """
    status = answer.status
    if not 200 <= status <= 299:
        meaning = _MEANING.get(status, "it failed" if status >= 500 else "it refuses")
        raise ActionFailed(
            f"PlexTrac answered {status} to {doing}: {meaning}",
            retryable=status == 429 or status >= 500,
            retry_after=_retry_after(answer),
        )
    try:
        return answer.json()
    except ValueError as error:
        raise ActionFailed(f"PlexTrac's answer to {doing} is no JSON") from error


def _retry_after(answer: Fetched) -> float | None:
    try:
        text = answer.headers.get("retry-after") or ""
    except Reject:
        return None
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
