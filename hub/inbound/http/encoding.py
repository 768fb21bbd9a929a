"""`Content-Encoding` of a request: what was compressed is decoded while it streams in, and never beyond the cap."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from hub.inbound.refusals import ACCEPTED_ENCODINGS, RequestRefused
from hub.model.wire.values import Values
from hub.sdk.dialect import Refusal

__all__ = ["BodyDecoder", "decoder_of"]

_GZIP = frozenset({"gzip", "x-gzip"})
_GZIP_ONLY = zlib.MAX_WBITS | 16
_STEP = 64 * 1024
"""Most bytes that are decoded at once."""


class BodyDecoder:
    """Decodes one body.

    Args:
        coding: `gzip` or `deflate`. `deflate` means zlib; senders that leave out its head are understood too.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._inner: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded bytes of a part of the body, in pieces of bounded size.

        Raises:
            RequestRefused: 400, the body is not what its Content-Encoding says.
        """
        while data:
            inner = self._inner or self._start(data)
            try:
                piece = inner.decompress(data, _STEP)
            except zlib.error as error:
                raise self._broken(str(error)) from error
            if piece:
                yield piece
            data = inner.unconsumed_tail
            if inner.eof:
                # A gzip body may be several members one after the other (RFC 1952, 2.2).
                data = inner.unused_data
                if data and self._coding == "deflate":
                    raise self._broken("there is something behind its end")
                self._inner = None

    def end(self) -> None:
        """The body is over. Raises `RequestRefused` (400) where it breaks off."""
        if self._inner is not None:
            raise self._broken("it breaks off")

    def _start(self, data: bytes) -> zlib._Decompress:
        if self._coding == "gzip":
            self._inner = zlib.decompressobj(_GZIP_ONLY)
        else:
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if _has_zlib_head(data) else -zlib.MAX_WBITS)
        return self._inner

    def _broken(self, why: str) -> RequestRefused:
        reason = f"the body cannot be decoded as {self._coding}: {why}"
        public = f"The body is not {self._coding} as Content-Encoding says"
        return RequestRefused(Refusal("admit", "body_encoding", 400, reason, public))


def decoder_of(headers: Values[str]) -> BodyDecoder | None:
    """What decodes the body of a request; None where it is as it is.

    Raises:
        RequestRefused: 415, the body has a coding that is not decoded here, or several.
    """
    if "content-encoding" not in headers:
        return None
    named = [coding.strip().lower() for line in headers.all("content-encoding") for coding in line.split(",")]
    codings = [coding for coding in named if coding not in ("", "identity")]
    if not codings:
        return None
    if len(codings) == 1 and (codings[0] in _GZIP or codings[0] == "deflate"):
        return BodyDecoder("deflate" if codings[0] == "deflate" else "gzip")
    shown = ", ".join(codings)[:100]
    reason = f"the Content-Encoding {shown} is not decoded here"
    public = f"Content-Encoding {shown} is not supported; supported are {ACCEPTED_ENCODINGS.replace(',', ' and')}"
    raise RequestRefused(Refusal("admit", "encoding", 415, reason, public))


def _has_zlib_head(data: bytes) -> bool:
    """Whether the first bytes are a zlib head (RFC 1950, 2.2); of one byte alone the method is all that can be seen."""
    return data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2]) % 31 == 0)
