"""Reading the body of an answer: streamed, decompressed, and limited in size."""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

from aiohttp import StreamReader

__all__ = ["ACCEPT_ENCODING", "ReadBody", "read_body"]

ACCEPT_ENCODING: Final = "gzip, deflate"
"""What `read_body` can decompress."""

_MEMBERS: Final = 64
_SLACK: Final = 64 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS


class ReadBody(NamedTuple):
    """The body as far as it was read.

    Attributes:
        data: The bytes, decompressed.
        ended: Whether the stream was read to its end, so that its connection can be used again.
        note: Why `data` is not the complete, decoded body; empty if it is.
    """

    data: bytes
    ended: bool
    note: str = ""


async def read_body(content: StreamReader, encoding: str, cap: int) -> ReadBody:
    """Read up to `cap` bytes of a body.

    Args:
        content: The stream, as it comes over the wire.
        encoding: Content-Encoding of the answer. A body in an encoding that was not asked for stays encoded.
        cap: Most bytes to keep, counted after decompression.

    Raises:
        aiohttp.ClientPayloadError: The connection ended before the body did.
    """
    inflate = _Inflate(encoding) if encoding in _Inflate.KNOWN else None
    plain = encoding in {"", "identity"}
    note = "" if inflate or plain else f"the body is encoded as {encoding!a}, which was not asked for"
    kept: list[bytes] = []
    size = received = 0
    while chunk := await content.readany():
        received += len(chunk)
        if inflate is not None:
            try:
                chunk = inflate.feed(chunk, cap - size + 1)
            except zlib.error:
                return ReadBody(b"".join(kept), ended=False, note=f"the body is not valid {encoding}")
        size += len(chunk)
        kept.append(chunk)
        if size > cap or received > 2 * cap + _SLACK:
            return ReadBody(b"".join(kept)[:cap], ended=False, note=f"the body is longer than {cap} bytes")
        if content.at_eof():
            break
    if inflate is not None and not inflate.complete:
        note = f"the {encoding} stream ends too early"
    return ReadBody(kept[0] if len(kept) == 1 else b"".join(kept), ended=True, note=note)


class _Inflate:
    """gzip (RFC 1952, several members too) and deflate (zlib of RFC 1950, or bare as some servers send it)."""

    KNOWN: Final = frozenset({"gzip", "x-gzip", "deflate"})

    def __init__(self, encoding: str) -> None:
        self._gzip = encoding != "deflate"
        self._members = 0
        self._stream: zlib._Decompress | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing was fed, or what was fed ends where a stream ends."""
        return self._stream is None or self._stream.eof

    def feed(self, data: bytes, most: int) -> bytes:
        """Decompress to at most `most` bytes. The caller stops when it gets that many, so that nothing is left behind.

        Raises:
            zlib.error: The data is not in this encoding.
        """
        kept: list[bytes] = []
        while data and most > 0:
            if self._stream is None or self._stream.eof:
                self._stream = self._next(data[0])
            piece = self._stream.decompress(data, most)
            most -= len(piece)
            kept.append(piece)
            data = self._stream.unused_data
        return b"".join(kept)

    def _next(self, first: int) -> zlib._Decompress:
        self._members += 1
        if self._members > (_MEMBERS if self._gzip else 1):
            raise zlib.error("too many members")
        if self._gzip:
            return zlib.decompressobj(_GZIP)
        return zlib.decompressobj(zlib.MAX_WBITS if first & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS)
