"""Errors of outgoing calls."""

from __future__ import annotations

from typing import Literal

from hub.errors import HubError

__all__ = ["EgressError", "FailureKind"]

FailureKind = Literal["timeout", "name", "refused", "unreachable", "tls", "closed", "protocol"]


class EgressError(HubError):
    """A call that got no complete answer. `str(error)` says why, for the log, without the address.

    Args:
        message: Why, such as `no answer within 5 s` or `certificate expired on 2024-01-02`.
        address: The IP address that was dialled last, None if none was.
        kind: What failed: the `timeout` passed, the `name` does not resolve, the connection was `refused`, the host is
            `unreachable`, `tls` failed, the other side `closed` the connection too early, or broke the HTTP `protocol`.
        status: Status of the answer, if its body failed.
        duration_ms: Time from the start of the call to the failure, milliseconds.
    """

    def __init__(
        self, message: str, address: str | None, kind: FailureKind, *, status: int | None = None, duration_ms: int = 0
    ) -> None:
        super().__init__(message)
        self.address = address
        self.kind: FailureKind = kind
        self.status = status
        self.duration_ms = duration_ms
