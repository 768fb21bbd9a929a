"""Recorded requests with new event ids, to be sent as if something new had happened."""

from __future__ import annotations

import secrets
import string
from dataclasses import replace

from hub.errors import HubError
from hub.sdk.recorded import Recording
from hub.testing.requests import new_request
from hub.testing.sender import Sender

__all__ = ["with_new_event_ids"]

_LEAST = 4
"""Length from which ids are replaced: shorter ones could be part of other words."""


def with_new_event_ids(recording: Recording, sender: Sender) -> Recording:
    """The request with new event ids of the same form, so that it is not a duplicate.

    An id that the request does not contain literally (a digest, for example) cannot be replaced; then the request is
    returned unchanged.
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
