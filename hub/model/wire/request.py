"""What a sender sent to a source: method, URL, headers, exact body bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from hub.errors import Reject
from hub.model.json import loads
from hub.model.wire.forms import MAX_FIELDS, FormField, Part, charset_of, multipart_form, urlencoded_form
from hub.model.wire.values import Values

__all__ = ["Request"]

_BOM = b"\xef\xbb\xbf"


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
        charset: The charset of forms that name none.
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
    charset: str = field(default="utf-8", repr=False)

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
        charset: str = "utf-8",
        query: Values[str] | None = None,
        raw_query: str | None = None,
    ) -> None:
        known = vars(self)
        known.update(id=id, method=method, client=client, body=body, headers=headers, url=url, received=received)
        known.update(encoded=encoded, charset=charset)
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

    def json_field(self, name: str) -> Any:
        """A field of a form as a JSON value: the payload of GitHub's and Slack's forms.

        Raises:
            Reject: 400 when the form cannot be read, the field is missing or doubled, or it is not JSON.
        """
        try:
            return loads(self.form()[name])
        except ValueError as error:
            raise Reject(f"the field {name} is not JSON: {error}", 400) from error

    def form(self) -> Values[str]:
        """The fields of a form in order, blank ones too. The files of a multipart form are in `files()`.

        They are decoded by the charset that the sender names: of the part, in Content-Type, in a field `_charset_` or
        `charset`, or of each field in a JSON object `charsets`; else by the one that the vendor declares, else UTF-8.
        Bytes that are in none of these become U+FFFD. A part of a multipart form without a name has the empty one.

        Raises:
            Reject: 400 when the content type is neither application/x-www-form-urlencoded nor multipart/form-data,
                the multipart body is broken, or there are more than 10,000 fields.
        """
        return Values([(one.name, one.value) for one in self.form_fields])

    def files(self) -> Values[Part]:
        """The files of a multipart form in order; none for a urlencoded form. Raises the same errors as `form`."""
        if self.media_type == "multipart/form-data":
            return self._multipart[1]
        self.form_fields  # noqa: B018 - raises for what is not a form
        return Values()

    @cached_property
    def _json(self) -> Any:
        try:
            return loads(self.body.removeprefix(_BOM))
        except ValueError as error:
            raise Reject(f"the body is not JSON: {error}", 400) from error

    @cached_property
    def form_fields(self) -> tuple[FormField, ...]:
        """The fields of a form with their media types; raises as `form`."""
        if self.media_type == "multipart/form-data":
            return self._multipart[0]
        if self.media_type != "application/x-www-form-urlencoded":
            raise Reject(f"the content type {self.media_type or '(none)'} is not a form", 400)
        return urlencoded_form(self.body.removeprefix(_BOM), self.headers["content-type"], self.charset)

    @property
    def text(self) -> str:
        """The body as a text, in the charset of its content type, else in UTF-8.

        Raises:
            Reject: 400, the body is not in this charset.
        """
        charset = charset_of(self.headers.get("content-type") or "") or "utf-8"
        try:
            return self.body.removeprefix(_BOM).decode(charset)
        except UnicodeDecodeError as error:
            raise Reject(f"the body is not {charset}", 400) from error

    @cached_property
    def _multipart(self) -> tuple[tuple[FormField, ...], Values[Part]]:
        return multipart_form(self.body, self.headers["content-type"], self.charset)


def _fields(text: str) -> Values[str]:
    try:
        return Values(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS) if text else ())
    except ValueError as error:
        raise Reject(f"more than {MAX_FIELDS} fields", 400) from error
