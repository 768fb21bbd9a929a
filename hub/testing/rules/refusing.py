"""Rules about requests that must be refused, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.errors import Reject, Unavailable, described
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.testing.requests import MOMENT, new_request
from hub.testing.rules.rule import BrokenRule
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["empty_secret", "garbage", "headers", "key_server", "other_secret", "refusals"]

Headers = tuple[tuple[str, str], ...]

_BODIES = (
    b"",
    b"\x00",
    b"\xff\xfe\xfd",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"17",
    b'{"a": NaN}',
    b"[" * 2_000,
    b'{"type": {}, "id": [], "data": null, "event": 1, "events": {}, "value": [null], "challenge": {}}',
    b'{"value": [], "events": [], "data": {"events": []}}',
    b"payload=%7B&payload=2",
    "\N{SNOWMAN}".encode() * 50,
)
_TYPES = ("", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
_VALUES = ("", " ", "0", "-1", "9" * 400, "=", ",", "v1=,t=", "a" * 64, "\xff\xfe", "Bearer ", "1e999", "NaN")


async def garbage(subject: VendorUnderTest) -> Sequence[str]:
    """For any garbage, verify grants nothing and raises nothing but Reject; so does the challenge."""
    for request in _garbage(subject):
        if await _verdict(subject, request, subject.source) == "granted" and subject.requires_proof:
            raise BrokenRule(f"{_shown(request)} was accepted without a valid proof")
        await _challenged(subject, request)
    return []


async def headers(subject: VendorUnderTest) -> Sequence[str]:
    """A request without a header of its proof, or with two of them, is refused; other headers cause no error."""
    for recording in subject.events:
        sent = subject.sender.signed(recording)
        proof = {name.lower() for name, value in sent.headers.items() if recording.headers.get(name) != value}
        for what, name, pairs in _header_faults(tuple(sent.headers.items())):
            request = new_request(sent.body, pairs, method=sent.method, query=sent.query, at=MOMENT)
            verdict = await _verdict(subject, request, subject.source)
            if name.lower() in proof and verdict == "granted":
                raise BrokenRule(f"{recording.name}: accepted with {name} {what}")
            await _challenged(subject, request)
            if verdict == "granted":
                _read(subject, request, f"{recording.name} with {name} {what}")
    return []


async def empty_secret(subject: VendorUnderTest) -> Sequence[str]:
    """A source with an empty secret, or without any, accepts nothing."""
    if not subject.vendor.credentials and not subject.requires_proof:
        return ["the vendor has no credential: anyone who knows the URL can send"]
    empty = subject.source_with([Secret("sec_empty", one.slot, b"") for one in subject.vendor.credentials])
    for recording in subject.events if subject.vendor.credentials else ():
        for source, what in ((subject.source_with(()), "no secret"), (empty, "an empty secret")):
            for sent in (recording, subject.sender.signed(recording)):
                request = new_request(sent.body, sent.headers, method=sent.method, query=sent.query, at=MOMENT)
                if await _verdict(subject, request, source) == "granted":
                    raise BrokenRule(f"{recording.name}: accepted by a source with {what}: use source.match")
    return []


async def other_secret(subject: VendorUnderTest) -> Sequence[str]:
    """A request signed for another source is refused."""
    other = subject.sender.twin()
    for recording in subject.events if subject.vendor.credentials else ():
        request = other.request(recording)
        if await _verdict(subject, request, subject.source) == "granted":
            raise BrokenRule(f"{recording.name}: accepted though it was signed with another source's secret")
    return []


async def key_server(subject: VendorUnderTest) -> Sequence[str]:
    """While the vendor's key server does not answer, verify raises Unavailable, which is answered 503."""
    if not subject.vendor.hosts:
        return []
    remarks = []
    for recording in subject.recordings:
        request = subject.sender.request(recording)
        for ask in (subject.verify, subject.challenge):
            if ask == subject.verify and not recording.verified:
                continue
            calls = len(subject.called)
            try:
                await ask(request, subject.unreachable_source)
            except Unavailable:
                continue
            except Exception as error:
                if len(subject.called) == calls:
                    continue
                raise BrokenRule(
                    f"{recording.name}: {type(error).__name__} ({error}) while the vendor's host does not answer: let "
                    "Unavailable of source.fetch pass, since a vendor that gets a 4xx never sends again"
                ) from error
            if len(subject.called) > calls:
                raise BrokenRule(f"{recording.name}: {ask.__name__} ignored that the vendor's host does not answer")
    if not subject.called:
        remarks.append("the vendor names hosts, but no recorded request makes it call one")
    return remarks


async def refusals(subject: VendorUnderTest) -> Sequence[str]:
    """The replies in Vendor.refusals are refusals (4xx or 5xx) and can be sent."""
    for status, reply in subject.vendor.refusals.items():
        if not 400 <= reply.status <= 599:
            raise BrokenRule(f"refusals[{status}] has the status {reply.status}, which a sender may take for success")
        _sendable(reply, f"refusals[{status}]")
    return []


def _sendable(reply: Reply, what: str) -> None:
    try:
        reply.encoded()
    except ValueError as error:
        raise BrokenRule(f"{what} cannot be sent: {error}") from error


def _garbage(subject: VendorUnderTest) -> Iterator[Request]:
    names = sorted({name for one in subject.recordings for name in subject.sender.signed(one).headers})
    names = names or ["authorization"]
    for method in subject.vendor.methods:
        for media_type in _TYPES:
            for body in _BODIES:
                given = {"content-type": media_type} if media_type else {}
                yield new_request(body, given, method=method, at=MOMENT)
        for value in _VALUES:
            yield new_request(b"{}", dict.fromkeys(names, value), method=method, query=f"a={value}", at=MOMENT)
            for name in names:
                yield new_request(b"{}", {name: value}, method=method, at=MOMENT)


def _header_faults(pairs: Headers) -> Iterator[tuple[str, str, Headers]]:
    for name, value in pairs:
        rest = tuple(pair for pair in pairs if pair[0] != name)
        yield "missing", name, rest
        yield "empty", name, (*rest, (name, ""))
        yield "given twice", name, (*pairs, (name, value))
        yield "given twice, one of them forged", name, ((name, value[::-1] + "x"), *pairs)


async def _verdict(subject: VendorUnderTest, request: Request, source: Source) -> str:
    try:
        await subject.verify(request, source)
    except Reject:
        return "refused"
    except Exception as error:
        raise BrokenRule(f"verify raised {described(error)} for {_shown(request)}; it may only raise Reject") from error
    return "granted"


async def _challenged(subject: VendorUnderTest, request: Request) -> None:
    for source in (subject.source, subject.source_with(())):
        try:
            reply = await subject.challenge(request, source)
        except Reject:
            continue
        except Exception as error:
            raise BrokenRule(
                f"challenge raised {described(error)} for {_shown(request)}; return None or raise Reject"
            ) from error
        if reply is not None:
            if not isinstance(reply, Reply):
                raise BrokenRule(
                    f"challenge returned a {type(reply).__name__}, not a Reply or None, for {_shown(request)}"
                )
            _sendable(reply, f"the challenge's answer to {_shown(request)}")


def _read(subject: VendorUnderTest, request: Request, what: str) -> None:
    try:
        subject.read(request)
    except Reject:
        return
    except Exception as error:
        raise BrokenRule(f"read raised {described(error)} for {what}; raise Reject(reason, 400)") from error


def _shown(request: Request) -> str:
    names = ", ".join(request.headers) or "no headers"
    return f"{request.method} with {names} and the body {request.body[:40]!r}"
