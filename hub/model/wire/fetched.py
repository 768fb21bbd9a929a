"""The answer to an outgoing call of a plugin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.model.json import loads
from hub.model.wire.forms import charset_of
from hub.model.wire.values import Values

__all__ = ["Fetched"]

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer that `Source.fetch` and `ActionContext.request` return.

    Attributes:
        status: HTTP status.
        headers: Names in any case.
        body: The bytes after decompression, at most as many as the call allows.
        note: Why `body` is not the whole body: it is longer than the call allows, or cannot be decompressed. Empty if
            it is whole.
    """

    status: int
    headers: Values[str] = field(repr=False)
    body: bytes = field(repr=False)
    note: str = ""

    def json(self) -> Any:
        """The body as a JSON value. Raises ValueError if it is not JSON."""
        return loads(self.body.removeprefix(_BOM))

    @property
    def text(self) -> str:
        """The body in the charset of its content type, else UTF-8; invalid bytes become the replacement character."""
        charset = charset_of(self.headers.get("content-type") or "") or "utf-8"
        return self.body.removeprefix(_BOM).decode(charset, "replace")
