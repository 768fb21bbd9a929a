"""Rules about what the scheme covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hub.errors import Reject, described
from hub.model.wire.request import Request
from hub.sdk.recorded import Recording
from hub.testing.requests import MOMENT, new_request
from hub.testing.rules.rule import BrokenRule
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["altered", "altered_proof"]

_PLACES = 200
"""Number of bytes that are altered in one recorded request; in the shortest one, all are."""


async def altered(subject: VendorUnderTest) -> Sequence[str]:
    """A scheme that covers all of the body refuses every altered, added or removed byte."""
    covers = subject.sender.scheme.covers
    if not subject.events:
        return ["no recorded request is signed, so coverage was not tried"]
    if covers == "none":
        return ["the scheme does not look at the body: anyone who sees one request can send any other"]
    shortest = min(subject.events, key=lambda one: len(one.body))
    passed = 0
    for recording in subject.events:
        sent = subject.sender.signed(recording)
        places = len(sent.body) if recording is shortest else _PLACES
        for what, body in _alterations(sent.body, places):
            if await _granted(subject, _arrived(replace(sent, body=body))):
                passed += 1
                if covers == "all":
                    raise BrokenRule(
                        f"{recording.name}: accepted with {what}, though the scheme says that it covers all of the "
                        "body: verify the received bytes, not JSON serialised again, or declare covers='part'"
                    )
    return [f"the scheme covers a part of the body: {passed} altered bodies were accepted"] if passed else []


async def altered_proof(subject: VendorUnderTest) -> Sequence[str]:
    """Every altered character of the proof is refused."""
    for recording in subject.events[:3]:
        sent = subject.sender.signed(recording)
        added = {name: value for name, value in sent.headers.items() if recording.headers.get(name) != value}
        for name, value in added.items():
            for place in _characters(value):
                flipped = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
                if await _granted(subject, _arrived(replace(sent, headers={**sent.headers, name: flipped}))):
                    raise BrokenRule(f"{recording.name}: accepted with character {place + 1} of {name} altered")
    return []


def _characters(value: str) -> Iterator[int]:
    """Positions whose alteration changes the meaning: not padding, nor the character of base64 with unused bits."""
    meaning = len(value.rstrip("=")) - (1 if value.endswith("=") else 0)
    return (place for place in range(meaning) if value[place] not in " ,")


def _alterations(body: bytes, places: int) -> Iterator[tuple[str, bytes]]:
    step = max(1, len(body) // max(1, places))
    for place in sorted({*range(0, len(body), step), *range(max(0, len(body) - 2), len(body))}):
        yield f"byte {place} altered", body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
    yield "a line break at the end", body + b"\n"
    yield "a space in front", b" " + body
    if body:
        yield "the last byte removed", body[:-1]
        yield "an empty body", b""
    for mark in (b"{", b","):
        if mark in body:
            yield f"a space after the first {mark.decode()}", body.replace(mark, mark + b" ", 1)


def _arrived(sent: Recording) -> Request:
    return new_request(sent.body, sent.headers, method=sent.method, query=sent.query, at=MOMENT)


async def _granted(subject: VendorUnderTest, request: Request) -> bool:
    try:
        await subject.verify(request, subject.source)
    except Reject:
        return False
    except Exception as error:
        raise BrokenRule(f"verify raised {described(error)}; it may only raise Reject") from error
    return True
