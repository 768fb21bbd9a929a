"""Recorded requests that are to be sent again as if something new had happened."""

from __future__ import annotations

import secrets
import string
from dataclasses import replace

from hub.errors import HubError
from hub.sdk.recorded import Recording
from hub.testing.requests import new_request
from hub.testing.sender import Sender

__all__ = ["renewed"]

_LEAST = 4
"""Shorter ids are left alone: they would be found inside other words."""


def renewed(recording: Recording, sender: Sender) -> Recording:
    """The request with fresh event ids of the same shape, so that the hub takes it for no duplicate.

    Ids that do not stand in the request as they are (a digest, say) stay; the result is then the request as it was.
    """
    try:
        before = _ids(recording, sender)
        fresh = recording
        for known in before:
            if len(known) >= _LEAST:
                fresh = _replaced(fresh, known, "".join(_other(one) for one in known))
        after = _ids(fresh, sender)
    except (HubError, ValueError, KeyError, TypeError):
        return recording
    return fresh if len(after) == len(before) and not set(after) & set(before) else recording


def _ids(recording: Recording, sender: Sender) -> tuple[str, ...]:
    request = new_request(recording.body, recording.headers, method=recording.method, query=recording.query)
    return tuple(event.id for event in sender.vendor.read(request, sender.source()) if event.id is not None)


def _replaced(recording: Recording, old: str, new: str) -> Recording:
    return replace(
        recording,
        body=recording.body.replace(old.encode(), new.encode()),
        query=recording.query.replace(old, new),
        headers={name: value.replace(old, new) for name, value in recording.headers.items()},
    )


def _other(character: str) -> str:
    for alphabet in (string.digits, "abcdef", "ABCDEF", string.ascii_lowercase, string.ascii_uppercase):
        if character in alphabet:
            return secrets.choice(alphabet)
    return character
