"""What the log may show of an attempt: no secret, no signature, no credential."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import lru_cache

__all__ = ["MASK", "Masker", "is_credential"]

MASK = "********"
"""Stands for a secret wherever one would be shown."""

_CREDENTIAL = re.compile(r"auth|cookie|credential|hmac|key|passw|secret|session|signature|token", re.IGNORECASE)
_SHORTEST = 6


@lru_cache(maxsize=4_096)
def is_credential(name: str) -> bool:
    """Whether a header of this name carries a credential, as far as its name tells.

    `Idempotency-Key` is no secret and is masked all the same: a name that is masked needlessly costs a glance, one
    that is not costs the secret.
    """
    return _CREDENTIAL.search(name) is not None


class Masker:
    """Masks by value: whatever the receiver echoes, these texts never reach the log.

    Args:
        values: Secrets, signatures and credentials of one attempt. Values shorter than six characters are masked in
            headers by name only, since they would riddle any text with masks.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values = sorted({value for value in values if len(value) >= _SHORTEST}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without any of the values."""
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        return text

    def headers(self, headers: Iterable[tuple[str, str]], hidden: Container[str] = ()) -> tuple[tuple[str, str], ...]:
        """Headers with credentials masked: by name, by value, and wholly for the names in `hidden` (lower case)."""
        return tuple(
            (name, MASK if name.lower() in hidden or is_credential(name) else self.text(value))
            for name, value in headers
        )
