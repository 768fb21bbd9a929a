"""Secrets and signatures are compared by their bytes, in constant time."""

from __future__ import annotations

import hmac

__all__ = ["octets", "same", "utf8"]


def octets(text: str) -> bytes:
    """The bytes of a header value as they were received (values are read as Latin-1); of any other text its UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def same(a: bytes | str, b: bytes | str) -> bool:
    """Whether two values are equal, in constant time. An empty value equals nothing, not even another empty one.

    Text is compared by its UTF-8 bytes. With bytes, text that was read from a header (Latin-1) is also compared by the
    bytes that the header had.
    """
    if isinstance(a, str) and isinstance(b, str):
        return _equal(utf8(a), utf8(b))
    if isinstance(a, str):
        a, b = b, a
    if isinstance(b, str) and isinstance(a, bytes):
        return _equal(a, utf8(b)) | (not b.isascii() and _equal(a, octets(b)))
    return isinstance(a, bytes) and isinstance(b, bytes) and _equal(a, b)


def utf8(text: str) -> bytes:
    """The UTF-8 bytes of a text, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def _equal(a: bytes, b: bytes) -> bool:
    return hmac.compare_digest(a, b) and bool(a)
