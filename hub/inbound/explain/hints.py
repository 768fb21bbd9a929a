"""What else would have passed: the usual reasons why the signature of a correct sender fails."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from hub.inbound.gate import Gate
from hub.model.wire.request import Request
from hub.model.wire.values import Values

__all__ = ["Passes", "as_signed", "hints"]

Passes = Callable[[Request, Gate], Awaitable[bool]]
"""Whether the check in question passes a changed request, or a source with other live secrets."""

_BOM = b"\xef\xbb\xbf"
_MIN_SIGNATURE = 32
"""Characters; what is shorter is not taken for a signature."""
_MAX_TRIES = 48


async def hints(request: Request, gate: Gate, passes: Passes) -> tuple[str, ...]:
    """What would have to be different for the check to pass, one sentence each; usually none or one.

    Args:
        request: A request that fails the check.
        gate: The source that it was checked against.
        passes: Makes the check again.
    """
    found = []
    if await passes(request, _revived(gate)):
        found.append("it matches a secret that has expired or was revoked")
    for number, (sentence, changed) in enumerate(_variants(request)):
        if number >= _MAX_TRIES:
            break
        if await passes(changed, gate):
            found.append(sentence)
    return tuple(dict.fromkeys(found))


def as_signed(request: Request) -> Request | None:
    """The request as if it had arrived at the time that one of its headers states; None where none does."""
    moments = (_moment(value) for _, value in request.headers.pairs)
    return next((replace(request, received=moment) for moment in moments if moment is not None), None)


def _revived(gate: Gate) -> Gate:
    """The source as if none of its secrets had expired or been revoked."""
    secrets = tuple(replace(secret, expires=None, revoked=False) for secret in gate.source.secrets)
    return Gate.of(replace(gate.source, secrets=secrets))


def _variants(request: Request) -> Iterator[tuple[str, Request]]:
    if request.encoded is not None:
        yield "the signature is over the body as it was before it was compressed", replace(request, encoded=None)
    for sentence, body in _bodies(request.body):
        if body != request.body:
            yield sentence, replace(request, body=body)
    pairs = request.headers.pairs
    for index, (name, value) in enumerate(pairs):
        for sentence, other in _values(name, value):
            if other != value:
                headers = Values((*pairs[:index], (name, other), *pairs[index + 1 :]), caseless=True)
                yield sentence, replace(request, headers=headers)
        moment = _moment(value)
        if moment is not None:
            yield (
                f"it was signed at {moment:%Y-%m-%d %H:%M:%S} UTC ({name}), too far from now",
                replace(request, received=moment),
            )


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    yield "the signature is over the body without the line break at its end", body.rstrip(b"\r\n")
    yield "the signature is over the body with a line break at its end", body + b"\n"
    yield "the signature is over the body with LF line ends", body.replace(b"\r\n", b"\n")
    yield "the signature is over the body with CRLF line ends", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "the signature is over the body without its byte order mark", body.removeprefix(_BOM)
    yield "the signature is over an empty body", b""
    try:
        value = json.loads(body)
        compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        escaped = json.dumps(value, separators=(",", ":"))
        spaced = json.dumps(value)
    except (ValueError, RecursionError):
        return
    reason = "something on the way parsed the JSON body and wrote it again"
    yield f"the signature is over compact JSON: {reason}", compact.encode("utf-8", "surrogatepass")
    yield f"the signature is over JSON with ASCII escapes: {reason}", escaped.encode()
    yield f"the signature is over JSON with spaces: {reason}", spaced.encode()


def _values(name: str, value: str) -> Iterator[tuple[str, str]]:
    if len(value) < _MIN_SIGNATURE:
        return
    yield f"{name} is upper-case hex; it must be lower case", value.lower()
    yield f"{name} has spaces around its value", value.strip()
    for prefix in ("sha256=", "v1=", "v0=", "Bearer "):
        yield f"{name} has the prefix {prefix.strip()}, which does not belong there", value.removeprefix(prefix)
    yield f"{name} lacks the prefix sha256=", f"sha256={value}"
    try:
        yield f"{name} is base64; it must be hex", base64.b64decode(value, validate=True).hex()
    except ValueError:
        return


def _moment(value: str) -> datetime | None:
    """The time that a header of 10 digits (seconds) or 13 (milliseconds) states; None for anything else."""
    if not value.isascii() or not value.isdigit() or len(value) not in {10, 13}:
        return None
    return datetime.fromtimestamp(int(value) / (1 if len(value) == 10 else 1000), UTC)
