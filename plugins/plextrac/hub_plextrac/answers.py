"""What the answers of PlexTrac's API mean for an action."""

from __future__ import annotations

from typing import Any

from hub import ActionFailed, Fetched, Reject

__all__ = ["checked"]

_MEANING = {
    401: "the token, username or password is wrong",
    403: "the account may not do this",
    404: "the object does not exist, or the account may not see it",
    429: "too many calls",
}


def checked(answer: Fetched, doing: str) -> Any:
    """The JSON value of a successful answer.

    Args:
        answer: What PlexTrac answered.
        doing: What was attempted, for the error.

    Raises:
        ActionFailed: Any other answer. A retry may help after 429, 5xx or an answer that is not JSON.
    """
    status = answer.status
    if not 200 <= status <= 299:
        meaning = _MEANING.get(status, "an error on its side" if status >= 500 else "it refuses the call")
        raise ActionFailed(
            f"PlexTrac answered {status} to {doing}: {meaning}",
            retryable=status == 429 or status >= 500,
            retry_after=_retry_after(answer),
        )
    try:
        return answer.json()
    except ValueError as error:
        raise ActionFailed(f"PlexTrac's answer to {doing} is not JSON") from error


def _retry_after(answer: Fetched) -> float | None:
    try:
        text = answer.headers.get("retry-after") or ""
    except Reject:
        return None
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
