"""What a sender sent to a source: method, URL, headers, exact body bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from hub.errors import Reject
from hub.model.json import loads
from hub.model.wire.values import Values

__all__ = ["Part", "Request"]

MAX_FIELDS = 10_000
"""The most fields that a form or query may have."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a multipart form.

    Attributes:
        filename: As the sender wrote it. Never use it as a path.
        media_type: Lower case without parameters; empty if the part has none.
        body: The exact bytes.
    """

    filename: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, init=False)
class Request:
    """A request as it was sent, with nothing of the hub's state, so that a replay gives the same result.

    Attributes:
        id: The hub's id of the request (`req_…`).
        method: Upper case.
        client: The sender's address, taken from a header where a trusted proxy sets it (`HUB_TRUSTED_PROXIES`).
        body: The bytes; decoded where the request had a Content-Encoding.
        headers: Names in any case, values read as Latin-1.
        url: The configured public base URL with the path and query as sent. Not in `repr`, since it may hold a secret.
        received: When it arrived, with its time zone. Verification uses no other clock.
        encoded: The bytes as received where `body` is decoded from them, else None. A scheme verifies the received
            bytes unless it says otherwise: it is given `as_received()`.

    Args:
        query: The decoded query, if it is known already; otherwise it is read from `url` when needed.
        raw_query: The query as sent, if it is known already.
    """

    id: str
    method: str
    client: str
    body: bytes = field(repr=False)
    headers: Values[str] = field(repr=False)
    url: str = field(repr=False)
    received: datetime
    encoded: bytes | None = field(default=None, repr=False)

    def __init__(  # noqa: PLR0913 - one argument for each thing that was sent
        self,
        *,
        id: str,  # noqa: A002 - the attribute's name
        method: str,
        client: str,
        body: bytes,
        headers: Values[str],
        url: str,
        received: datetime,
        encoded: bytes | None = None,
        query: Values[str] | None = None,
        raw_query: str | None = None,
    ) -> None:
        known = vars(self)
        known.update(id=id, method=method, client=client, body=body, headers=headers, url=url, received=received)
        known["encoded"] = encoded
        if query is not None:
            known["query"] = query
        if raw_query is not None:
            known["raw_query"] = raw_query

    @property
    def received_body(self) -> bytes:
        """The exact bytes as they were received."""
        return self.body if self.encoded is None else self.encoded

    def as_received(self) -> Request:
        """This request with the bytes as they were received for its body."""
        return self if self.encoded is None else replace(self, body=self.encoded, encoded=None)

    @cached_property
    def raw_query(self) -> str:
        """The query as sent, without the question mark; empty if there is none."""
        return self.url.partition("?")[2]

    @cached_property
    def query(self) -> Values[str]:
        """The decoded query, blank values kept. Raises `Reject` (400) above 10,000 fields."""
        return _fields(self.raw_query)

    @cached_property
    def media_type(self) -> str:
        """The content type in lower case without parameters, empty without one. Raises `Reject` (400) for several."""
        return (self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the body in lower-case hex."""
        return hashlib.sha256(self.body).hexdigest()

    def json(self) -> Any:
        """The body as a JSON value, whatever its content type (AWS SNS sends text/plain).

        A UTF-8 byte order mark is skipped. The body is parsed once: do not change the value.

        Raises:
            Reject: 400 when the body is empty, not JSON or not UTF-8, or holds NaN or Infinity.
        """
        return self._json

    def form(self) -> Values[str]:
        """The fields of a form in order, blank ones too. The files of a multipart form are in `files()`.

        Raises:
            Reject: 400 when the content type is neither application/x-www-form-urlencoded nor multipart/form-data,
                the multipart body is broken, or there are more than 10,000 fields.
        """
        if self.media_type == "multipart/form-data":
            return self._multipart[0]
        return self._form

    def files(self) -> Values[Part]:
        """The files of a multipart form in order; none for a urlencoded form. Raises the same errors as `form`."""
        if self.media_type == "multipart/form-data":
            return self._multipart[1]
        self.form()
        return Values()

    @cached_property
    def _json(self) -> Any:
        try:
            return loads(self.body.removeprefix(_BOM))
        except ValueError as error:
            raise Reject(f"the body is not JSON: {error}", 400) from error

    @cached_property
    def _form(self) -> Values[str]:
        if self.media_type != "application/x-www-form-urlencoded":
            raise Reject(f"the content type {self.media_type or '(none)'} is not a form", 400)
        return _fields(self.body.removeprefix(_BOM).decode("utf-8", "replace"))

    @cached_property
    def _multipart(self) -> tuple[Values[str], Values[Part]]:
        boundary = parse_options_header(self.headers["content-type"])[1].get("boundary", "")
        if not boundary:
            raise Reject("the multipart form names no boundary", 400)
        texts: list[tuple[str, str]] = []
        files: list[tuple[str, Part]] = []
        try:
            for part, body in _parts(self.body, boundary):
                if isinstance(part, File):
                    media_type = part.headers.get("content-type", "").partition(";")[0].strip().lower()
                    files.append((part.name, Part(part.filename, media_type, body)))
                else:
                    texts.append((part.name, body.decode("utf-8", "replace")))
        except (ValueError, HTTPException) as error:
            raise Reject(f"the multipart form is broken: {error}", 400) from error
        return Values(texts), Values(files)


def _fields(text: str) -> Values[str]:
    try:
        return Values(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS) if text else ())
    except ValueError as error:
        raise Reject(f"more than {MAX_FIELDS} fields", 400) from error


def _parts(body: bytes, boundary: str) -> Iterator[tuple[Field | File, bytes]]:
    """Each part of a multipart body with its bytes. Raises ValueError or HTTPException for a broken one."""
    decoder = MultipartDecoder(boundary.encode("latin-1"), max_parts=MAX_FIELDS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Field | File | None = None
    pieces: list[bytes] = []
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            raise ValueError("it ends early")  # noqa: TRY004 - the input is wrong, not its Python type
        if isinstance(event, (Field, File)):
            if not event.name:
                raise ValueError("a part has no name")
            part, pieces = event, []
        elif isinstance(event, Data) and part is not None:
            pieces.append(bytes(event.data))
            if not event.more_data:
                yield part, b"".join(pieces)
