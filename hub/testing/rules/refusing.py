"""Rules about what must be refused, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.errors import Reject, Unavailable
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.testing.requests import MOMENT, new_request
from hub.testing.rules.rule import Broken
from hub.testing.subject import Subject

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


async def garbage(subject: Subject) -> Sequence[str]:
    """Whatever arrives, verify grants nothing and raises nothing but Reject; a challenge raises nothing else either."""
    for request in _garbage(subject):
        if await _verdict(subject, request, subject.source) == "granted" and subject.proving:
            raise Broken(f"{_shown(request)} was accepted without a valid proof")
        await _asked(subject, request)
    return []


async def headers(subject: Subject) -> Sequence[str]:
    """A request without a header that proves it, or with two of them, is refused; other headers break nothing."""
    for recording in subject.events:
        sent = subject.sender.signed(recording)
        proof = {name.lower() for name, value in sent.headers.items() if recording.headers.get(name) != value}
        for what, name, pairs in _header_faults(tuple(sent.headers.items())):
            request = new_request(sent.body, pairs, method=sent.method, query=sent.query, at=MOMENT)
            verdict = await _verdict(subject, request, subject.source)
            if name.lower() in proof and verdict == "granted":
                raise Broken(f"{recording.name}: accepted with {name} {what}")
            await _asked(subject, request)
            if verdict == "granted":
                _read(subject, request, f"{recording.name} with {name} {what}")
    return []


async def empty_secret(subject: Subject) -> Sequence[str]:
    """An empty secret, or none, matches nothing."""
    if not subject.vendor.credentials and not subject.proving:
        return ["the vendor has no credential: anybody who knows the URL can send"]
    empty = subject.holding([Secret("sec_empty", one.slot, b"") for one in subject.vendor.credentials])
    for recording in subject.events if subject.vendor.credentials else ():
        for source, what in ((subject.holding(()), "no secret"), (empty, "an empty secret")):
            for sent in (recording, subject.sender.signed(recording)):
                request = new_request(sent.body, sent.headers, method=sent.method, query=sent.query, at=MOMENT)
                if await _verdict(subject, request, source) == "granted":
                    raise Broken(f"{recording.name}: accepted by a source with {what}: match through source.match")
    return []


async def other_secret(subject: Subject) -> Sequence[str]:
    """A request signed for another source is refused."""
    other = subject.sender.twin()
    for recording in subject.events if subject.vendor.credentials else ():
        request = other.request(recording)
        if await _verdict(subject, request, subject.source) == "granted":
            raise Broken(f"{recording.name}: accepted though it was signed with another source's secret")
    return []


async def key_server(subject: Subject) -> Sequence[str]:
    """While the vendor's key server does not answer nothing is decided: Unavailable, which is answered 503."""
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
                await ask(request, subject.cut_off)
            except Unavailable:
                continue
            except Exception as error:
                if len(subject.called) == calls:
                    continue
                raise Broken(
                    f"{recording.name}: {type(error).__name__} ({error}) while the vendor's host does not answer: let "
                    "Unavailable of source.fetch pass, a vendor that is answered 4xx never sends again"
                ) from error
            if len(subject.called) > calls:
                raise Broken(f"{recording.name}: {ask.__name__} ignored that the vendor's host does not answer")
    if not subject.called:
        remarks.append("the vendor names hosts, but no recorded request makes it call one")
    return remarks


async def refusals(subject: Subject) -> Sequence[str]:
    """What is sent in place of a refusal is a refusal too, and can be sent."""
    for status, reply in subject.vendor.refusals.items():
        if not 400 <= reply.status <= 599:
            raise Broken(f"refusals[{status}] answers {reply.status}: a sender must not take it for success")
        _sendable(reply, f"refusals[{status}]")
    return []


def _sendable(reply: Reply, what: str) -> None:
    try:
        reply.encoded()
    except ValueError as error:
        raise Broken(f"{what} cannot be sent: {error}") from error


def _garbage(subject: Subject) -> Iterator[Request]:
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


async def _verdict(subject: Subject, request: Request, source: Source) -> str:
    try:
        await subject.verify(request, source)
    except Reject:
        return "refused"
    except Exception as error:
        raise Broken(
            f"verify raised {type(error).__name__}: {error} for {_shown(request)}; it may only raise Reject"
        ) from error
    return "granted"


async def _asked(subject: Subject, request: Request) -> None:
    for source in (subject.source, subject.holding(())):
        try:
            reply = await subject.challenge(request, source)
        except Reject:
            continue
        except Exception as error:
            raise Broken(
                f"challenge raised {type(error).__name__}: {error} for {_shown(request)}; give None or raise Reject"
            ) from error
        if reply is not None:
            if not isinstance(reply, Reply):
                raise Broken(f"challenge gave a {type(reply).__name__}, not a Reply or None, for {_shown(request)}")
            _sendable(reply, f"the challenge's answer to {_shown(request)}")


def _read(subject: Subject, request: Request, what: str) -> None:
    try:
        subject.read(request)
    except Reject:
        return
    except Exception as error:
        raise Broken(f"read raised {type(error).__name__}: {error} for {what}; raise Reject(reason, 400)") from error


def _shown(request: Request) -> str:
    names = ", ".join(request.headers) or "no headers"
    return f"{request.method} with {names} and the body {request.body[:40]!r}"
