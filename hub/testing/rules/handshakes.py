"""Rules about unsigned handshakes."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import Reject
from hub.model.json import loads
from hub.model.wire.reply import Keep, Reply
from hub.sdk.recorded import Recording
from hub.testing.rules.rule import BrokenRule
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["answered", "fills_only", "ordinary"]


async def answered(subject: VendorUnderTest) -> Sequence[str]:
    """Every recorded handshake is answered as its recording expects."""
    for recording in subject.handshakes:
        if subject.vendor.challenge is None:
            raise BrokenRule(f"{recording.name} is recorded as an unsigned handshake, but the vendor has no challenge")
        reply = await _challenged(subject, recording)
        if reply is None:
            raise BrokenRule(f"{recording.name}: the handshake is not answered")
        expected(reply, recording)
    if subject.vendor.challenge is not None and not subject.handshakes:
        return ["no handshake is recorded: record one with verified=false, as the vendor sends it"]
    return []


async def ordinary(subject: VendorUnderTest) -> Sequence[str]:
    """The challenge does not answer a signed event, which would be lost."""
    for recording in subject.events:
        reply = await _challenged(subject, recording)
        if reply is not None:
            raise BrokenRule(f"{recording.name}: the challenge answered it, so it never becomes an event")
    return []


async def fills_only(subject: VendorUnderTest) -> Sequence[str]:
    """A handshake may fill an empty slot that the vendor declares; it never replaces, adds or forgets a secret."""
    for recording in subject.handshakes:
        request = subject.sender.request(recording)
        for source, full in ((subject.source_with(()), False), (subject.source, True)):
            try:
                reply = await subject.challenge(request, source)
            except Reject:
                continue
            for keep in reply.keep if reply is not None else ():
                held = source.secrets(keep.slot)
                _storable(subject, recording, keep)
                if full and held and all(one.label != keep.label for one in held):
                    raise BrokenRule(
                        f"{recording.name}: the challenge adds a secret labelled {keep.label!r} beside the ones of "
                        f"slot {keep.slot!r}: anyone could add their own secret"
                    )
    return []


def expected(reply: Reply, recording: Recording) -> None:
    """Compare a reply with what a recording expects. Raises `BrokenRule`."""
    wanted = recording.expect
    if "status" in wanted and reply.status != wanted["status"]:
        raise BrokenRule(f"{recording.name}: answered {reply.status}, not {wanted['status']}")
    body = reply.encoded()[0]
    if "body" in wanted and not _same(body, reply.body, wanted["body"]):
        raise BrokenRule(f"{recording.name}: answered {body[:200]!r}, not {wanted['body']!r}")


def _same(body: bytes, value: object, wanted: object) -> bool:
    if wanted in (None, ""):
        return body == b""
    if value == wanted or body.decode("utf-8", "replace") == wanted:
        return True
    try:
        return bool(loads(body) == wanted)
    except ValueError:
        return False


def _storable(subject: VendorUnderTest, recording: Recording, keep: Keep) -> None:
    credential = subject.vendor.credential(keep.slot)
    if credential is None:
        raise BrokenRule(f"{recording.name}: the challenge keeps a secret in slot {keep.slot!r}, which is not declared")
    if keep.value is None:
        raise BrokenRule(
            f"{recording.name}: the challenge removes the secret of slot {keep.slot!r}, although nothing was proved"
        )
    try:
        credential.decode(keep.value)
    except ValueError as error:
        raise BrokenRule(f"{recording.name}: the secret that the challenge keeps cannot be stored: {error}") from error


async def _challenged(subject: VendorUnderTest, recording: Recording) -> Reply | None:
    try:
        return await subject.challenge(subject.sender.request(recording), subject.source)
    except Reject as reject:
        raise BrokenRule(f"{recording.name}: the challenge refused it: {reject.reason}") from reject
