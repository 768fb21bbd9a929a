"""What an outgoing call can end in besides an answer."""

from __future__ import annotations

from typing import Literal

from hub.errors import HubError

__all__ = ["EgressError", "Kind"]

Kind = Literal["timeout", "name", "refused", "unreachable", "tls", "closed", "protocol"]


class EgressError(HubError):
    """A call went out and came to no answer; `str(error)` is a sentence for the log, without the address.

    Args:
        message: Why, such as `no answer within 5 s` or `certificate expired on 2024-01-02`.
        address: The IP address that was dialled last, None where it came to none.
        kind: What failed: the `timeout` passed, the `name` does not resolve, the connection was `refused`, the host is
            `unreachable`, `tls` failed, the other side `closed` the connection too early, or broke the HTTP `protocol`.
        status: The status of an answer whose body failed afterwards.
        duration_ms: Time from the start of the call to the failure, milliseconds.
    """

    def __init__(
        self, message: str, address: str | None, kind: Kind, *, status: int | None = None, duration_ms: int = 0
    ) -> None:
        super().__init__(message)
        self.address = address
        self.kind: Kind = kind
        self.status = status
        self.duration_ms = duration_ms
