"""Masking: what is shown in the place of a secret."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Any, Final

__all__ = ["MASK", "NOTHING_STORED", "Mask", "is_credential", "is_mask", "masked_end"]

MASK: Final = "********"
"""Stands in the place of a secret."""

NOTHING_STORED: Final = "is the mask of a secret, and no secret is stored here that it could stand for: send the secret"
"""What is wrong with a mask in the place of a secret that does not exist."""

_SHOWN: Final = 4
_MASKED: Final = re.compile(r"\*{8}(.{4})?")
_CREDENTIAL: Final = re.compile(r"auth|cookie|credential|hmac|key|passw|secret|session|signature|token", re.IGNORECASE)


def masked_end(text: str) -> str:
    """The mask and the last four characters, by which people tell secrets apart; for a short text only the mask."""
    return MASK + (text[-_SHOWN:] if len(text) >= 4 * _SHOWN else "")


def is_mask(text: str) -> bool:
    """Whether a text is what the API shows in the place of a secret: it must never be stored as one."""
    return _MASKED.fullmatch(text.strip()) is not None


@lru_cache(maxsize=4_096)
def is_credential(name: str) -> bool:
    """Whether a header of this name carries a credential, as far as the name tells.

    When in doubt the answer is yes: `Idempotency-Key` is not secret but is masked too. A needless mask does little
    harm, a missing one gives the secret away.
    """
    return _CREDENTIAL.search(name) is not None


class Mask:
    """Hides the given values wherever they occur. It is false when there are none.

    Args:
        values: The secrets; empty ones are ignored.
        shortest: Characters from which a value is hidden inside longer texts too. A shorter one is hidden only where it
            is the whole text, since it would occur in ordinary words.
    """

    __slots__ = ("_parts", "_whole")

    def __init__(self, values: Iterable[str] = (), *, shortest: int = 4) -> None:
        self._whole = frozenset(value for value in values if value)
        # The longest first: one secret may be the beginning of another.
        self._parts = sorted((value for value in self._whole if len(value) >= shortest), key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._whole)

    def text(self, text: str) -> str:
        """The text with every secret in it masked."""
        if text in self._whole:
            return MASK
        for part in self._parts:
            if part in text:
                text = text.replace(part, MASK)
        return text

    def value(self, value: Any) -> Any:
        """The JSON value with every secret in its strings and keys masked."""
        if not self._whole:
            return value
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self.value(item) for key, item in value.items()}
            case list():
                return [self.value(item) for item in value]
            case _:
                return value

    def headers(self, headers: Iterable[tuple[str, str]], hidden: Container[str] = ()) -> tuple[tuple[str, str], ...]:
        """The headers with secrets masked, and the whole value of those that are credentials or named in `hidden`.

        Args:
            headers: Names in any case, and values.
            hidden: Names in lower case.
        """
        return tuple(
            (name, MASK if name.lower() in hidden or is_credential(name) else self.text(value))
            for name, value in headers
        )
