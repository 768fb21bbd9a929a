"""Whether a reply that a plugin made can be sent, so that nonsense is found before the head of the answer leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from hub.model.wire.reply import Keep, Reply

__all__ = ["is_header_name", "is_header_value", "sendable"]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[^\x00-\x20\x7f](?:[\t\x20]*[^\x00-\x20\x7f])*)?")


def is_header_name(name: object) -> bool:
    """Whether this is a name of a header (RFC 9110, 5.1)."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def is_header_value(value: object) -> bool:
    """Whether this is a value of a header: text without control characters, and without space around it."""
    return isinstance(value, str) and _VALUE.fullmatch(value) is not None


def sendable(reply: object) -> Reply:
    """The reply that an author's function returned, with a body that is certain to be encoded.

    Raises:
        ValueError: It cannot be sent; the message says why.
    """
    if not isinstance(reply, Reply):
        message = f"returned a {type(reply).__name__} instead of a Reply"
        raise ValueError(message)  # noqa: TRY004 - one error for all that an author's function may return
    status: object = reply.status
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"an answer has a status from 200 to 599, not {status!r}")
    _check_headers(reply.headers)
    _check_kept(reply.keep)
    if reply.media_type is not None and not (reply.media_type and is_header_value(reply.media_type)):
        raise ValueError(f"{_short(reply.media_type)} is not a media type")
    try:
        body, media_type = reply.encoded()
    except Exception as error:
        raise ValueError(f"the body cannot be sent: {type(error).__name__}: {error}") from error
    if reply.body is None or isinstance(reply.body, str | bytes):
        return reply
    return replace(reply, body=body, media_type=media_type)


def _check_headers(headers: object) -> None:
    if not isinstance(headers, Mapping):
        message = f"the headers are a {type(headers).__name__} instead of a mapping"
        raise ValueError(message)  # noqa: TRY004 - as above
    for name, value in headers.items():
        if not is_header_name(name):
            raise ValueError(f"{_short(name)} is not the name of a header")
        if not is_header_value(value) or not _is_latin1(value):
            raise ValueError(f"{_short(value)} is not a value for the header {name}")


def _check_kept(kept: object) -> None:
    if not isinstance(kept, tuple) or not all(isinstance(one, Keep) for one in kept):
        raise ValueError("keep is not a tuple of Keep")
    for one in kept:
        texts = (one.slot, "" if one.value is None else one.value, "" if one.label is None else one.label)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"what is to be kept in the slot {_short(one.slot)} is not text")


def _is_latin1(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


def _short(value: object) -> str:
    return repr(value)[:100]
