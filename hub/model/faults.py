"""Pydantic's sentences in the words of JSON, since who reads them has written JSON and not Python."""

from __future__ import annotations

import re

__all__ = ["in_json_words"]

_WORDS = (
    (re.compile(r"^(Value error|Assertion failed), "), ""),
    (re.compile(r"\bvalid (tuple|list|set)\b"), "valid array"),
    (re.compile(r"^(Tuple|List|Set|Dictionary) should have"), "It should have"),
    (re.compile(r"\bvalid dictionary( or (object to extract fields from|instance of \w+))?"), "valid object"),
    (re.compile(r" after validation, not \d+$"), ""),
)


def in_json_words(message: str) -> str:
    """The message of a pydantic fault without the names of Python's types."""
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message
