"""Filters for strings."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any
from urllib.parse import quote, urlencode

from hub.workflows.expressions.budget import Budget, Fault
from hub.workflows.expressions.functions.bounded import Table, text_of, whole
from hub.workflows.expressions.operators import as_text

__all__ = ["TEXT"]

TEXT = Table()


@TEXT.add("upper")
def upper(budget: Budget, value: Any) -> str:
    """In upper case."""
    return budget.text(text_of(value, "upper").upper())


@TEXT.add("lower")
def lower(budget: Budget, value: Any) -> str:
    """In lower case."""
    return budget.text(text_of(value, "lower").lower())


@TEXT.add("capitalize")
def capitalize(budget: Budget, value: Any) -> str:
    """First character in upper case, the others in lower case."""
    return budget.text(text_of(value, "capitalize").capitalize())


@TEXT.add("title")
def title(budget: Budget, value: Any) -> str:
    """Each word with a capital letter."""
    return budget.text(text_of(value, "title").title())


@TEXT.add("trim")
def trim(budget: Budget, value: Any, characters: Any = None) -> str:
    """Without white space (or the given characters) at both ends."""
    if characters is not None and len(text_of(characters, "trim")) > 100:
        raise Fault("trim takes at most 100 characters")
    return budget.text(text_of(value, "trim").strip(characters))


@TEXT.add("truncate")
def truncate(budget: Budget, value: Any, length: Any = 255, end: Any = "…") -> str:
    """At most `length` characters; a longer string is cut and ends in `end`."""
    text, limit, tail = text_of(value, "truncate"), whole(length, "truncate"), text_of(end, "truncate")
    if len(text) <= limit:
        return text
    return budget.text(text[: max(limit - len(tail), 0)] + tail)


@TEXT.add("replace")
def replace(budget: Budget, value: Any, old: Any, new: Any, count: Any = -1) -> str:
    """With each `old` (or the first `count`) replaced by `new`."""
    text, before, after = (text_of(part, "replace") for part in (value, old, new))
    if not before:
        raise Fault("replace needs a text to look for that is not empty")
    limit = whole(count, "replace")
    found = text.count(before) if limit < 0 else min(text.count(before), limit)
    budget.length(len(text) + found * (len(after) - len(before)))
    return text.replace(before, after, limit)


@TEXT.add("split")
def split(budget: Budget, value: Any, separator: Any = None) -> list[str]:
    """The parts between separators (white space by default)."""
    text = text_of(value, "split")
    if separator is None:
        budget.items(min(len(text) // 2 + 1, 1_000))
        parts = text.split()
    else:
        if not text_of(separator, "split"):
            raise Fault("split needs a separator that is not empty")
        budget.items(text.count(separator) + 1)
        return text.split(separator)
    budget.items(len(parts))
    return parts


@TEXT.add("startswith")
def startswith(_budget: Budget, value: Any, prefix: Any) -> bool:
    """Whether the string starts with `prefix`."""
    return text_of(value, "startswith").startswith(text_of(prefix, "startswith"))


@TEXT.add("endswith")
def endswith(_budget: Budget, value: Any, suffix: Any) -> bool:
    """Whether the string ends with `suffix`."""
    return text_of(value, "endswith").endswith(text_of(suffix, "endswith"))


@TEXT.add("urlencode")
def url_encode(budget: Budget, value: Any) -> str:
    """Percent-encoded for a URL; an object becomes a query string."""
    if isinstance(value, dict):
        pairs = [(key, as_text(budget, item)) for key, item in value.items() if isinstance(key, str)]
        budget.length(9 * sum(len(key) + len(item) + 2 for key, item in pairs))
        return urlencode(pairs)
    text = as_text(budget, value)
    budget.length(9 * len(text))
    return quote(text, safe="")


@TEXT.add("b64encode")
def base64_encode(budget: Budget, value: Any) -> str:
    """The UTF-8 bytes in base64."""
    return budget.text(base64.b64encode(_bytes(text_of(value, "b64encode"))).decode())


@TEXT.add("b64decode")
def base64_decode(budget: Budget, value: Any) -> str:
    """The UTF-8 text of a base64 string, in either alphabet, with or without padding."""
    text = text_of(value, "b64decode").strip().translate({0x2D: "+", 0x5F: "/"}).rstrip("=")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        return budget.text(raw.decode())
    except (binascii.Error, ValueError):
        raise Fault("b64decode needs base64 of UTF-8 text") from None


@TEXT.add("sha256")
def sha256(_budget: Budget, value: Any) -> str:
    """SHA-256 of the UTF-8 bytes, lower-case hex."""
    return hashlib.sha256(_bytes(text_of(value, "sha256"))).hexdigest()


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Fault("the string is not valid Unicode") from None
