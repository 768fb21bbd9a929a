"""Writing values for answers, and reading ids, numbers and ETags."""

from __future__ import annotations

import base64
from typing import Any

from quart import Response

from hub.errors import NotFound
from hub.model.ids import Id, Kind, read_id, write_id
from hub.model.json import dumps
from hub.model.times import from_micros

__all__ = [
    "answer",
    "etag",
    "instant_text",
    "json_or_bytes",
    "optional_id",
    "path_id",
    "whole_number",
]


_DIGITS = 18
"""The most digits that a number of the hub can have."""


def whole_number(text: str) -> int | None:
    """The number in a path or query, 0 or more; None for any other text, and for a number that is too long."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def instant_text(micros: int | None) -> str | None:
    """Microseconds UTC as ISO 8601 with milliseconds and Z."""
    if micros is None:
        return None
    moment = from_micros(micros)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def optional_id(kind: Kind, raw: Id | None) -> str | None:
    """The id as text, or None."""
    return None if raw is None else write_id(kind, raw)


def path_id(kind: Kind, text: str) -> Id:
    """The id in a path. Raises `NotFound` for any other text."""
    raw = read_id(kind, text)
    if raw is None:
        raise NotFound(f"no such id: {text[:60]}")
    return raw


def json_or_bytes(value: Any) -> Any:
    """A JSON value unchanged, or bytes as `{"base64": …}`."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def etag(generation: int) -> str:
    """The ETag for a generation."""
    return f'"{generation}"'


def answer(body: Any, status: int = 200, *, generation: int | None = None) -> Response:
    """A JSON answer, with an ETag if there is a generation."""
    response = Response(dumps(body), status, content_type="application/json")
    if generation is not None:
        response.headers["ETag"] = etag(generation)
    return response
