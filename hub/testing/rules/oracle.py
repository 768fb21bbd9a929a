"""The rule that a handshake is not a signing oracle: it tries to forge an event from the challenge's answers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from hub.errors import HubError, Reject
from hub.model.json import dumps, loads
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.sdk.recorded import Recording
from hub.sdk.schemes.scheme import Scheme, can_sign
from hub.sdk.schemes.signed import Signed
from hub.testing.requests import MOMENT, URL, new_request
from hub.testing.rules.rule import BrokenRule
from hub.testing.sender import by_scheme, parts_of
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["oracle"]

_SIGNATURE = re.compile(r"[0-9a-fA-F]{40,}|[A-Za-z0-9+/_-]{26,}={0,2}")
_SHAPES = (
    Recording(
        name="query", method="GET", query="hub.mode=subscribe&hub.challenge=x&crc_token=x&challenge=x&validationToken=x"
    ),
    Recording(
        name="json",
        headers={"content-type": "application/json"},
        body=b'{"type":"url_verification","event":"endpoint.url_validation","challenge":"x","token":"x",'
        b'"payload":{"plainToken":"x"}}',
    ),
    Recording(
        name="header", method="GET", headers={"x-okta-verification-challenge": "x", "webhook-request-origin": "x"}
    ),
)


async def oracle(subject: VendorUnderTest) -> Sequence[str]:
    """No answer to an unsigned handshake is a signature that an event of the vendor could carry."""
    if subject.vendor.challenge is None or not subject.requires_proof:
        return []
    twin = subject.sender.twin()
    signers = [one for one in parts_of(subject.sender.scheme) if can_sign(one)]
    for recording in subject.events[:5]:
        for shaped in (
            twin.signed(recording),
            *(by_scheme(subject.vendor, one, recording, twin.keys, MOMENT, URL) for one in signers),
        ):
            for content in _contents(subject.sender.scheme, _request(shaped)):
                await _forge(subject, recording, shaped, await _signatures(subject, content))
    return []


async def _forge(subject: VendorUnderTest, recording: Recording, shaped: Recording, candidates: Sequence[str]) -> None:
    for forged in _forgeries(shaped, recording, candidates):
        try:
            await subject.verify(_request(forged), subject.source)
        except HubError:
            continue
        raise BrokenRule(
            f"{recording.name}: an event was forged from the challenge's answer, which signs text that the sender "
            "chooses. Answer the handshake in reply, after verification, or sign something that no event contains"
        )


def _contents(scheme: Scheme, request: Request) -> Iterator[str]:
    """The contents that a signature of this request may be over, if they can be sent as text."""
    found = [request.body]
    for part in parts_of(scheme):
        if isinstance(part, Signed):
            try:
                found += part.contents(request)
            except Reject:
                continue
    for content in dict.fromkeys(found):
        try:
            yield content.decode()
        except UnicodeDecodeError:
            continue


async def _signatures(subject: VendorUnderTest, content: str) -> list[str]:
    """Everything in the answers that may be a signature, in hex and base64."""
    found: dict[str, None] = {}
    for shape in (*subject.handshakes, *_SHAPES):
        for asked in _filled(shape, content):
            try:
                reply = await subject.challenge(_request(asked), subject.source)
            except Exception:  # noqa: BLE001, S112 - other rules check what a challenge may raise
                continue
            if isinstance(reply, Reply):
                text = " ".join((reply.encoded()[0].decode("latin-1"), *reply.headers.values()))
                for one in _SIGNATURE.findall(text.replace("\\/", "/").replace(content, "")):
                    found.update(dict.fromkeys(_spellings(one)))
    return list(found)


def _filled(shape: Recording, content: str) -> Iterator[Recording]:
    """The handshake with `content` in each place that the sender chooses, one at a time and in all of them."""
    for name in shape.headers:
        if content.isprintable() and not name.lower().startswith("content-"):
            yield replace(shape, headers={**shape.headers, name: content})
    pairs = parse_qsl(shape.query, keep_blank_values=True)
    for name, _ in pairs:
        yield replace(
            shape, query="&".join(f"{one}={quote(content if one == name else value)}" for one, value in pairs)
        )
    try:
        document = loads(shape.body)
    except ValueError:
        fields = parse_qsl(shape.body.decode("latin-1"))
        for name, _ in fields:
            yield replace(
                shape, body=urlencode([(one, content if one == name else value) for one, value in fields]).encode()
            )
        return
    for filled in _leaves(document, content):
        yield replace(shape, body=dumps(filled))


def _leaves(value: Any, content: str) -> Iterator[Any]:
    if isinstance(value, str):
        yield content
    elif isinstance(value, dict):
        for name, part in value.items():
            for filled in _leaves(part, content):
                yield {**value, name: filled}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            for filled in _leaves(part, content):
                yield [*value[:index], filled, *value[index + 1 :]]


def _spellings(found: str) -> Iterator[str]:
    yield found
    try:
        if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", found):
            raw = bytes.fromhex(found)
        else:
            plain = found.rstrip("=").replace("-", "+").replace("_", "/")
            raw = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        return
    yield raw.hex()
    yield base64.b64encode(raw).decode()


def _forgeries(shaped: Recording, recording: Recording, candidates: Sequence[str]) -> Iterator[Recording]:
    """The event with each candidate in the place of the signature."""
    for name, value in shaped.headers.items():
        if recording.headers.get(name) == value:
            continue
        match = max(_SIGNATURE.finditer(value), key=lambda one: len(one.group()), default=None)
        for candidate in candidates if match is not None else ():
            forged = value[: match.start()] + candidate + value[match.end() :] if match is not None else candidate
            yield replace(shaped, headers={**shaped.headers, name: forged})


def _request(sent: Recording) -> Request:
    return new_request(sent.body, sent.headers, method=sent.method, query=sent.query, at=MOMENT)
