"""The answer to a sender, and the secrets to store with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hub.model.json import dumps

__all__ = ["Keep", "Reply"]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Keep:
    """A secret to store, encrypted. It is committed before the answer leaves.

    Attributes:
        value: The text, as an operator would paste it; None deletes the secrets of the slot (and label).
        slot: A slot of `Vendor.credentials`.
        label: The tenant or key id that it belongs to.
    """

    value: str | None = field(repr=False)
    slot: str = "signing"
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a sender.

        Reply(200, {"challenge": request.json()["challenge"]})

    Attributes:
        status: HTTP status from 200 to 599.
        body: None for an empty body, str for text/plain, bytes as they are, any other value for JSON.
        headers: Further headers. The hub adds X-Request-Id and X-Content-Type-Options, and removes Set-Cookie.
        media_type: Content type; by default it follows from the body.
        keep: Secrets to store. A challenge may only fill an empty slot; a reply may also replace a secret.

    Raises:
        ValueError: The status is not between 200 and 599.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)
    media_type: str | None = None
    keep: tuple[Keep, ...] = ()

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"an answer has a status from 200 to 599, not {self.status}")

    def encoded(self) -> tuple[bytes, str | None]:
        """The body as bytes and its content type (None for an empty body without one).

        Raises:
            ValueError: The body is not a JSON value.
        """
        body = self.body
        if body is None:
            return b"", self.media_type
        if isinstance(body, bytes):
            return body, self.media_type or "application/octet-stream"
        if isinstance(body, str):
            return body.encode("utf-8", "replace"), self.media_type or "text/plain; charset=utf-8"
        return dumps(body), self.media_type or "application/json"
