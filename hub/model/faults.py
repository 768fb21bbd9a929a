"""Pydantic's messages in JSON's terms: the people who read them have written JSON, not Python."""

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
    """The message of a pydantic error, with the names of JSON's types instead of Python's."""
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message
