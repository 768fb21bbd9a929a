"""Turns what aiohttp raises into an error that says what went wrong, so that an operator can act on it."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponseError,
    ServerDisconnectedError,
)

from hub.egress.address.urls import SplitUrl
from hub.egress.errors import EgressError, FailureKind
from hub.egress.exchange.certificates import certificate_chain, certificate_name, outdated_certificate
from hub.egress.exchange.dial import Dial
from hub.egress.guard import Guard
from hub.errors import HubError

__all__ = ["FailedCall", "error_of"]

_ERRNO: Final[dict[int, tuple[str, FailureKind]]] = {
    errno.ECONNREFUSED: ("the connection was refused", "refused"),
    errno.ECONNRESET: ("the connection was reset", "closed"),
    errno.EPIPE: ("the connection was closed before the request was sent", "closed"),
    errno.ENETUNREACH: ("no route to the network", "unreachable"),
    errno.EHOSTUNREACH: ("no route to the host", "unreachable"),
    errno.EADDRNOTAVAIL: ("no route to the address", "unreachable"),
    errno.ETIMEDOUT: ("the host does not answer", "unreachable"),
    errno.EMFILE: ("the hub has too many files open", "unreachable"),
}
_EXPIRED: Final = 10
_NOT_YET: Final = 9
_SELF_SIGNED: Final = 18
_NAME_MISMATCH: Final = frozenset({62, 64})
_UNKNOWN_ISSUER: Final = frozenset({2, 19, 20, 21})
_ALERTS: Final = {
    "CERTIFICATE_REQUIRED": "a client certificate is required",
    "HANDSHAKE_FAILURE": "no common settings, or a client certificate is required",
    "BAD_CERTIFICATE": "the client certificate was refused",
    "UNKNOWN_CA": "the client certificate was refused: its issuer is unknown",
    "CERTIFICATE_EXPIRED": "the client certificate has expired",
    "WRONG_VERSION_NUMBER": "what answers on this port does not speak TLS",
    "RECORD_LAYER_FAILURE": "what answers on this port does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "only versions before TLS 1.2 are offered",
    "PROTOCOL_VERSION": "only versions before TLS 1.2 are offered",
    "UNRECOGNIZED_NAME": "the host name is unknown there",
}


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call that failed.

    Attributes:
        error: What aiohttp raised.
        target: The URL that was called.
        seconds: The time limit of the call.
        dial: What is known about its connection.
        status: Status of the answer, if its body failed.
        ca: The custom CA of the call, PEM.
    """

    error: Exception
    target: SplitUrl
    seconds: float
    dial: Dial
    status: int | None
    ca: str | None = None


async def error_of(failure: FailedCall, guard: Guard, started: float) -> HubError:
    """The error to raise for a failed call: the guard's refusal, or an `EgressError`.

    Args:
        failure: The failed call.
        guard: Allows the second look at a certificate, and forgets addresses that do not answer.
        started: `perf_counter()` at the start of the call. The second look stays within the time limit of the call.
    """
    if failure.dial.refusal is not None:
        return failure.dial.refusal
    if isinstance(failure.error, ClientConnectorError):
        guard.forget(failure.target.host)
    tls = _tls_error(failure.error)
    message: str
    kind: FailureKind
    if isinstance(tls, ssl.SSLCertVerificationError):
        left = failure.seconds - (perf_counter() - started)
        message, kind = await _certificate(tls, failure, guard, left), "tls"
    elif tls is not None:
        message, kind = f"TLS failed: {_tls_reason(tls)}", "tls"
    else:
        message, kind = _sentence(failure, guard)
    elapsed = round((perf_counter() - started) * 1000)
    address = failure.dial.peer or failure.dial.address
    return EgressError(message, address, kind, status=failure.status, duration_ms=elapsed)


def _sentence(failure: FailedCall, guard: Guard) -> tuple[str, FailureKind]:
    error = failure.error
    cause = getattr(error, "os_error", error)
    if not isinstance(error, ClientConnectorDNSError) and (known := _ERRNO.get(getattr(cause, "errno", None) or 0)):
        return known
    match error:
        case ClientConnectorDNSError():
            found: tuple[str, FailureKind] = _unresolved(cause), "name"
        case ClientResponseError():
            found = f"the answer is not valid HTTP: {_first_line(error.message)}", "protocol"
        case ClientPayloadError():
            found = "the connection was closed in the middle of the body", "closed"
        case TimeoutError():
            found = _late(failure, guard)
        case ServerDisconnectedError():
            found = "the connection was closed without an answer", "closed"
        case ClientConnectorError():
            found = "none of the host's addresses can be reached", "unreachable"
        case _:
            found = f"the connection failed ({type(error).__name__})", "closed"
    return found


def _late(failure: FailedCall, guard: Guard) -> tuple[str, FailureKind]:
    within = f"within {failure.seconds:g} s"
    if failure.status is not None:
        return f"the body did not end {within}", "timeout"
    if failure.dial.peer is None:
        if guard.is_asking(failure.target.host):
            return f"name does not resolve {within}", "timeout"
        if failure.dial.address is not None:
            return f"no connection {within}", "timeout"
    return f"no answer {within}", "timeout"


def _unresolved(cause: object) -> str:
    if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN:
        return "name does not resolve at the moment: the name server gives no answer"
    return "name does not resolve"


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The error of OpenSSL that caused what aiohttp raised."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and not isinstance(error, ClientError):
            return error
        error = error.__cause__
    return None


async def _certificate(error: ssl.SSLCertVerificationError, failure: FailedCall, guard: Guard, left: float) -> str:
    code = error.verify_code
    if code in {_EXPIRED, _NOT_YET}:
        return await _outdated(failure, guard, left, expired=code == _EXPIRED)
    if code in _NAME_MISMATCH:
        return f"certificate is for another host than {failure.target.host}"
    if code == _SELF_SIGNED:
        return "certificate is self-signed: give it as the custom CA to trust it"
    if code in _UNKNOWN_ISSUER:
        return "certificate's issuer is unknown, or an intermediate certificate is missing"
    return f"certificate is refused: {error.verify_message}"


async def _outdated(failure: FailedCall, guard: Guard, left: float, *, expired: bool) -> str:
    """Which certificate of the chain has expired, or is not valid yet."""
    found = None
    if failure.dial.address is not None and left > 0:
        sent = await certificate_chain(guard, failure.target, failure.dial.address, left)
        found = outdated_certificate(sent, failure.ca, datetime.now(UTC))
    if found is None:
        return "certificate expired" if expired else "certificate is not valid yet"
    certificate, kind = found
    which = f"the {kind} certificate, {certificate_name(certificate)}"
    if expired:
        return f"certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}: {which}"
    return f"certificate is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}: {which}"


def _tls_reason(error: ssl.SSLError) -> str:
    reason = error.reason or "the handshake was cut off"
    return next((text for name, text in _ALERTS.items() if name in reason), reason.replace("_", " ").lower())


def _first_line(message: str) -> str:
    return (message.strip().splitlines() or ["malformed"])[0].rstrip(":")[:200]
