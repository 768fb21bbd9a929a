"""Rules about the answers to verified requests, and about old requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.errors import Reject, described
from hub.model.wire.grant import Outcome
from hub.model.wire.reply import Reply
from hub.sdk.recorded import Recording
from hub.testing.requests import MOMENT, new_request
from hub.testing.rules.handshakes import expected
from hub.testing.rules.rule import BrokenRule
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["day_old", "replies"]


async def replies(subject: VendorUnderTest) -> Sequence[str]:
    """A verified request is answered as recorded; a duplicate is answered like the first one."""
    if subject.vendor.reply is None:
        return []
    for recording in subject.events:
        first = await _replied(subject, recording, duplicate=False)
        again = await _replied(subject, recording, duplicate=True)
        if _shape(first) != _shape(again):
            raise BrokenRule(
                f"{recording.name}: a duplicate is answered {_shape(again)}, the first one {_shape(first)}: a vendor "
                "that sends a request again expects the same answer"
            )
        if first is not None:
            expected(first, recording)
            _slots(subject, recording, first)
    return []


async def day_old(subject: VendorUnderTest) -> Sequence[str]:
    """A request that is sent again a day later is refused, or reported if the scheme has no timestamp."""
    for recording in subject.events:
        sent = subject.sender.signed(recording)
        late = new_request(sent.body, sent.headers, method=sent.method, query=sent.query, at=MOMENT + timedelta(days=1))
        try:
            grant = await subject.verify(late, subject.source)
        except Reject:
            continue
        known = grant.once is not None or all(event.id is not None or event.control for event in subject.read(late))
        after = "its event ids make it a duplicate" if known else "and it runs again, since its events have no ids"
        return [f"a request that is replayed a day later passes: the scheme has no timestamp; {after}"]
    return []


async def _replied(subject: VendorUnderTest, recording: Recording, *, duplicate: bool) -> Reply | None:
    request = subject.sender.request(recording)
    grant = await subject.verify(request, subject.source)
    outcome = Outcome(subject.read(request), grant, duplicate)
    try:
        reply = await subject.reply(request, outcome)
    except Exception as error:
        which = "a duplicate" if duplicate else "the first request"
        raise BrokenRule(f"{recording.name}: reply raised {described(error)} for {which}") from error
    if reply is not None and not isinstance(reply, Reply):
        raise BrokenRule(f"{recording.name}: reply returned a {type(reply).__name__}, not a Reply or None")
    return reply


def _shape(reply: Reply | None) -> tuple[int, bytes] | None:
    return None if reply is None else (reply.status, reply.encoded()[0])


def _slots(subject: VendorUnderTest, recording: Recording, reply: Reply) -> None:
    for keep in reply.keep:
        if subject.vendor.credential(keep.slot) is None:
            raise BrokenRule(f"{recording.name}: reply keeps a secret in slot {keep.slot!r}, which is not declared")
