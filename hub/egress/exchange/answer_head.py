"""Answers that break a rule of HTTP but are clear: they are repaired before aiohttp's strict parser reads them.

Three kinds occur in practice: 204 and 304 that announce or send a body, which they cannot have (RFC 9110, 15.3.5); the
same Content-Length twice (RFC 9110, 8.6, lets the recipient take it once); and bytes behind the end of the body. The
connection is not used again after the first and the last.
"""

from __future__ import annotations

import re
from typing import Any, Final

from aiohttp import TCPConnector
from aiohttp.client_proto import ResponseHandler

__all__ = ["TolerantConnector", "repaired_head"]

_END: Final = b"\r\n\r\n"
_LONGEST: Final = 65_536
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])[ \r]")
_BODILESS: Final = frozenset({204, 304})


def repaired_head(head: bytes) -> tuple[bytes, int | None, bool]:
    """The head of an answer as a strict parser takes it.

    Args:
        head: From the status line to the empty line.

    Returns:
        The head; how many bytes follow that belong to this answer, None if the head does not say; and whether the
        connection must not be used again.
    """
    found = _STATUS.match(head)
    if found is None:
        return head, None, False
    status = int(found[1])
    if 100 <= status < 200:
        return head, None, False
    first, *lines = head[: -len(_END)].split(b"\r\n")
    named = [(line.partition(b":")[0].lower(), line) for line in lines]
    lengths = [part.strip() for name, line in named if name == b"content-length" for part in line[15:].split(b",")]
    chunked = any(name == b"transfer-encoding" for name, _ in named)
    if status in _BODILESS:
        kept = [line for name, line in named if name not in {b"content-length", b"transfer-encoding"}]
        unclean = chunked or any(length != b"0" for length in lengths)
        return b"\r\n".join([first, *kept]) + _END, 0, unclean
    if chunked or not lengths or len(set(lengths)) > 1 or not (lengths[0].isdigit() and len(lengths[0]) < 19):
        return head, None, False
    if len(lengths) == 1:
        return head, int(lengths[0]), False
    kept = [line for name, line in named if name != b"content-length"]
    return b"\r\n".join([first, *kept, b"Content-Length: " + lengths[0]]) + _END, int(lengths[0]), False


class _TolerantHandler(ResponseHandler):
    """Gives aiohttp's parser each answer with its head repaired, and without what follows its end."""

    _head: bytes | None = b""
    """What has arrived of the head; None behind it."""
    _left: int | None = None
    """How many bytes of the body are to come, if the head says."""

    def set_response_params(self, **options: Any) -> None:
        """A request begins: the next bytes are the head of its answer."""
        self._head, self._left = b"", None
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """Pass on what belongs to the answer."""
        if not data or self._parser is None or self._upgraded or (self._head is None and self._left is None):
            super().data_received(data)
            return
        if self._head is not None:
            head = self._head + data
            if not head.startswith(b"HTTP/"[: len(head)]) or len(head) > _LONGEST + len(data):
                self._head = None
                super().data_received(head)
                return
            end = head.find(_END)
            if end < 0:
                self._head = head
                return
            data = self._begin(head, end + len(_END))
        if self._left is not None:
            if len(data) > self._left:
                self.force_close()
                if not self._left and self.transport is not None:
                    self.transport.close()  # it may be in the pool already
                data = data[: self._left]
            self._left -= len(data)
        if data:
            super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The parser says what is wrong with half a head."""
        if self._head:
            head, self._head = self._head, None
            super().data_received(head)
        super().connection_lost(exc)

    def _begin(self, received: bytes, end: int) -> bytes:
        """Pass the head on; what was received behind it."""
        head, self._left, unclean = repaired_head(received[:end])
        interim = _STATUS.match(head) is not None and head[9:10] == b"1"
        self._head = b"" if interim else None
        if unclean or (self._left is not None and len(received) - end > self._left):
            self.force_close()
        super().data_received(head)
        if interim:
            self.data_received(received[end:])
            return b""
        return received[end:]


class TolerantConnector(TCPConnector):
    """A connector whose connections read answers as described above."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        loop = self._loop
        self._factory = lambda: _TolerantHandler(loop)  # type: ignore[assignment]  # aiohttp types it as its own partial
