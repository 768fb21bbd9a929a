"""Where a request begins and ends on a connection: what two readers could understand differently is refused.

A proxy in front of the hub and the hub itself must agree on the length of each request. Otherwise somebody who speaks
through the proxy can hide a second request in the body of the first one (request smuggling). RFC 9112, 5.2 and 6.3.
"""

from __future__ import annotations

from typing import Any

import h11
from h11._receivebuffer import ReceiveBuffer

__all__ = ["HeadBuffer", "PatientConnection"]

_WHITE_SPACE = (b" ", b"\t")
_OLD = b"HTTP/1.0"


class HeadBuffer(ReceiveBuffer):
    """h11's buffer of received bytes; it refuses ambiguous heads, which h11 repairs or decides on its own."""

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """The lines of a whole head, None while it is incomplete.

        Raises:
            h11.RemoteProtocolError: The head is ambiguous; answered 400, and the connection is closed.
        """
        lines: list[bytearray] | None = super().maybe_extract_lines()
        if lines:
            fault = _fault(lines)
            if fault:
                raise h11.RemoteProtocolError(fault, error_status_hint=400)
        return lines


def _fault(lines: list[bytearray]) -> str:
    lengths = encodings = 0
    for line in lines[1:]:
        if line.startswith(_WHITE_SPACE):
            return "a header is folded over several lines"
        name = line.partition(b":")[0].lower()
        lengths += name == b"content-length"
        encodings += name == b"transfer-encoding"
    if lengths and encodings:
        return "Content-Length stands beside Transfer-Encoding"
    if encodings > 1:
        return "Transfer-Encoding stands twice"
    if encodings and lines[0].endswith(_OLD):
        return "HTTP/1.0 has no Transfer-Encoding"
    return ""


class PatientConnection(h11.Connection):
    """A connection that says `100 Continue` only when it is told to.

    Most servers say it before the application has seen the request. Then a sender that asked first uploads a body that
    is refused anyway.
    """

    def __init__(self, *, max_head: int) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=max_head)
        self._receive_buffer = HeadBuffer()

    def next_event(self) -> Any:
        """The next event of a request.

        Bytes behind the last request of a connection are dropped: some clients append a line break to a body.
        """
        if self.their_state in {h11.MUST_CLOSE, h11.CLOSED}:
            self._receive_buffer = HeadBuffer()
            return h11.NEED_DATA
        return super().next_event()

    @property
    def they_are_waiting_for_100_continue(self) -> bool:
        """Never, for Hypercorn, which would answer at once."""
        return False

    @property
    def wants_continue(self) -> bool:
        """Whether the sender waits for `100 Continue` before it sends the body."""
        return bool(super().they_are_waiting_for_100_continue)
