"""Ids: UUIDv7 (RFC 9562), stored as 16 bytes and written as `<kind>_` and 22 base62 characters.

The written form is Tracecat's: digits, then lower case, then upper case letters, zero-padded, most significant first.
A UUID in its usual form is read as well.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import struct
import threading
import time
from functools import lru_cache
from typing import Literal

__all__ = ["Id", "Kind", "base62", "new_id", "read_id", "short_id", "unbase62", "write_id"]

Id = bytes
"""Sixteen bytes."""

Kind = Literal["org", "key", "src", "wf", "exec", "req", "evt", "msg", "sub", "dlv", "con", "sec", "job", "aud", "file"]
"""Prefix of a written id."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_WIDTH = 22
_UUID = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_BATCH = 512
"""Random numbers fetched at once: each call of the kernel costs a context switch."""
_random: list[int] = []
_lock = threading.Lock()
_last = 0
os.register_at_fork(after_in_child=_random.clear)


def new_id() -> Id:
    """A new UUIDv7, larger than all that this process made before.

    48 bits of milliseconds, 12 bits of their fraction, 62 random bits.
    """
    global _last  # noqa: PLW0603 - the process-wide high-water mark is the point
    stamp = time.time_ns() * 4096 // 1_000_000
    with _lock:
        _last = stamp = max(stamp, _last + 1)
        if not _random:
            _random.extend(struct.unpack(f"{_BATCH}Q", os.urandom(8 * _BATCH)))
        random = _random.pop() & 0x3FFF_FFFF_FFFF_FFFF
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | random
    return value.to_bytes(16)


@lru_cache(maxsize=8192)
def base62(raw: Id) -> str:
    """Sixteen bytes as 22 base62 characters."""
    number = int.from_bytes(raw)
    pairs = []
    for _ in range(_WIDTH // 2):
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs))


def unbase62(text: str) -> Id | None:
    """The bytes of 22 base62 characters, or None for any other text."""
    if len(text) != _WIDTH:
        return None
    number = 0
    for character in text:
        value = _VALUE.get(character)
        if value is None:
            return None
        number = number * 62 + value
    return number.to_bytes(16) if number < 1 << 128 else None


def write_id(kind: Kind, raw: Id) -> str:
    """`exec`, bytes -> `exec_…`."""
    return f"{kind}_{base62(raw)}"


@lru_cache(maxsize=8192)
def read_id(kind: Kind, text: str) -> Id | None:
    """The bytes of an id in any of its written forms; None for anything else, so that callers answer "not found".

    The forms: `<kind>_` with 22 base62 characters, a UUID with or without dashes, and `<kind>-` with 32 hexadecimal
    digits, which stands in the URLs of older Tracecat instances.
    """
    prefix, separator, rest = text.partition("_")
    if separator:
        return unbase62(rest) if prefix == kind else None
    found = _UUID.fullmatch(text.removeprefix(f"{kind}-"))
    return bytes.fromhex(text.removeprefix(f"{kind}-").replace("-", "")) if found else None


def short_id(raw: bytes) -> str:
    """VibeIQ's form of an id: 16 URL-safe characters, derived from the bytes and therefore stable.

    It begins with a letter or digit, because a command line takes an argument with a leading dash for an option.
    """
    while True:
        raw = hashlib.blake2b(raw, digest_size=12).digest()
        text = base64.urlsafe_b64encode(raw).decode()
        if text[0].isalnum():
            return text
