"""Patterns of JSON Schemas, compiled and matched by RE2: in time proportional to the text and in bounded memory."""

from __future__ import annotations

from functools import lru_cache

import re2

from hub.schemas.ecma import PatternError, translate

__all__ = ["REGEXES_KEPT", "Regex", "regex"]

REGEXES_KEPT = 500
"""Compiled patterns that are kept; a schema has at most as many, so that a value compiles each of them once."""

_MEMORY = 2 << 20
"""Bytes that RE2 may use for one pattern, its states included. They bound compiling too, which holds the GIL: 40 ms."""


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.never_capture = True
    options.log_errors = False
    return options


class Regex:
    """A compiled pattern.

    Args:
        pattern: As JSON Schemas have them; it is found anywhere in a text unless it is anchored.

    Attributes:
        size: Instructions of the compiled pattern; what it took to compile it.

    Raises:
        PatternError: It cannot be read, cannot be matched in bounded time, or is too large.
    """

    def __init__(self, pattern: str) -> None:
        translation = translate(pattern)
        try:
            self._compiled = re2.compile(translation.text, _options())
        except re2.error as error:
            raise PatternError(
                "the pattern's counted repeats make it too large to compile; maxLength needs none"
            ) from error
        self._places = translation.size
        self.size: int = self._compiled.programsize

    def cost(self, text: str) -> int:
        """The most steps that `search` can take on this text; RE2 takes about 10 ns for each in the worst case."""
        return self._places * (len(text) + 1)

    def search(self, text: str) -> bool:
        """Whether the pattern is found in the text."""
        # Bytes: RE2's wrapper would otherwise count characters, and could not encode lone surrogates.
        return self._compiled.search(text.encode("utf-8", "surrogatepass")) is not None


@lru_cache(maxsize=REGEXES_KEPT)
def regex(pattern: str) -> Regex:
    """The compiled form of a pattern, made once while it is in use; raises `PatternError`."""
    return Regex(pattern)
