"""The signed content as a template: `v0:{timestamp}:{body}`."""

from __future__ import annotations

import string
from dataclasses import dataclass

from hub.errors import Reject

__all__ = ["PLACEHOLDERS", "ContentTemplate"]

PLACEHOLDERS = frozenset({"id", "timestamp", "body", "url", "query"})
"""Names that may be used in braces."""


@dataclass(frozen=True, slots=True)
class ContentTemplate:
    """A parsed template of signed content.

    Attributes:
        literals: Fixed bytes before each placeholder, and after the last one.
        names: The placeholders in order.
    """

    literals: tuple[bytes, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> ContentTemplate:
        """Read a template; `{{` and `}}` stand for braces.

        Raises:
            ValueError: A placeholder is unknown or malformed.
        """
        literals: list[bytes] = []
        names: list[str] = []
        literal = b""
        for fixed, name, form, conversion in string.Formatter().parse(text):
            literal += fixed.encode()
            if name is None:
                continue
            if name not in PLACEHOLDERS or form or conversion:
                known = ", ".join(sorted(f"{{{one}}}" for one in PLACEHOLDERS))
                raise ValueError(f"{{{name}}} in {text!r} is none of {known}")
            literals.append(literal)
            names.append(name)
            literal = b""
        return cls((*literals, literal), tuple(names))

    def fill(self, values: dict[str, bytes]) -> bytes:
        """The signed content.

        Raises:
            Reject: Status 401: the id or a numeric timestamp contains the text that follows it, so that the same
                content could be read in another way (Standard Webhooks, "Signature scheme").
        """
        pieces = [self.literals[0]]
        for name, after in zip(self.names, self.literals[1:], strict=True):
            value = values[name]
            if after and after in value and _ambiguous(name, value):
                raise Reject(f"the {name} contains {after.decode()!r}, which ends it")
            pieces += (value, after)
        return b"".join(pieces)


def _ambiguous(name: str, value: bytes) -> bool:
    return name == "id" or (name == "timestamp" and value.replace(b".", b"").isdigit())
