"""`http.request`: one HTTP call through the egress guard."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from werkzeug.http import parse_options_header

from hub.errors import ActionFailed, AddressRefused
from hub.model.json import dumps, loads
from hub.model.wire.fetched import Fetched
from hub.model.wire.forms import Part, charset_of
from hub.sdk.action import Action, ActionContext, CallTls
from hub.workflows.actions.http_files import (
    MAX_FILE_BYTES,
    Body,
    FileBody,
    Files,
    by_field,
    file_content,
    form_content,
)
from hub.workflows.actions.values import HeaderValue

__all__ = ["HTTP_REQUEST", "HttpAuth", "HttpRequestInput", "HttpTls", "retry_after_of"]

_MAX_BYTES = 16 << 20
_DEFAULT_BYTES = 1 << 20
_BODIES = (("json", "json_"), ("form", "form"), ("files", "files"), ("body", "body"))
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
"""Methods of calls that have no body as a rule."""
_SHOWN = 500
_DIGITS = 12
_AGAIN = frozenset({408, 409, 423, 425, 429})
Scalar = str | bool | int | float | None


class HttpAuth(BaseModel):
    """Credentials: `username` and `password` are sent as Basic, `token` as Bearer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    token: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _one_way(self) -> HttpAuth:
        if (self.token is None) == (self.username is None):
            raise ValueError("give token, or username and password")
        return self

    @property
    def header(self) -> str:
        """The value of `Authorization`."""
        if self.token is not None:
            return f"Bearer {self.token}"
        pair = f"{self.username}:{self.password or ''}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


class HttpTls(BaseModel):
    """Certificates of a call, as PEM texts; usually a connection with these names."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ca: Annotated[str | None, Field(description="Trusted in place of the machine's certificates.")] = None
    certificate: Annotated[str | None, Field(description="Client certificate with its chain.")] = None
    key: str | None = Field(default=None, repr=False, description="Key of the client certificate.")

    @model_validator(mode="after")
    def _something(self) -> HttpTls:
        if self.ca is None and self.certificate is None:
            raise ValueError("give ca, certificate and key, or all three")
        return self


class HttpRequestInput(BaseModel):
    """Settings of `http.request`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], Field(description="HTTP method.")
    ] = "GET"
    url: Annotated[str, Field(min_length=1, max_length=8_192, description="Absolute http or https URL.")]
    headers: Annotated[dict[str, HeaderValue], Field(description="Request headers.")] = {}
    query: Annotated[
        dict[str, Scalar | list[Scalar]], Field(description="Added to the URL's query; a null is left out.")
    ] = {}
    json_: Any = Field(default=None, alias="json", description="Sent as a JSON body.")
    form: Annotated[
        dict[str, Scalar | list[Scalar]] | None,
        Field(description="Sent as a urlencoded form; beside `files` as the fields of the multipart form."),
    ] = None
    files: Annotated[
        dict[str, Files] | None,
        Field(
            description="Sent as a multipart form: by name a `ref`, an entry of `trigger.files`, {file, filename?, "
            "media_type?}, or a list of these. A list such as `trigger.files` keeps the names of its fields."
        ),
    ] = None
    body: Annotated[
        Body | None,
        Field(
            description="A text, sent unchanged in UTF-8, or {file, media_type?}: a file is sent. `blob`, where the "
            "call has no body or another one, keeps the answer as a file."
        ),
    ] = None
    auth: Annotated[
        HttpAuth | None, Field(description="A connection, {token} or {username, password}; a text is a token.")
    ] = None
    tls: Annotated[
        HttpTls | None, Field(description="A connection, or {ca, certificate, key} in PEM; a text is a CA.")
    ] = None
    expect: Annotated[
        tuple[Annotated[int, Field(ge=100, le=599)], ...] | None,
        Field(description="Statuses that count as success; 200 to 299 by default."),
    ] = None
    timeout: Annotated[
        float, Field(gt=0, le=3_600, description="Seconds that the call may take; the node's own timeout applies too.")
    ] = 30.0
    max_bytes: Annotated[
        int | None,
        Field(
            ge=1,
            le=MAX_FILE_BYTES,
            description="Most bytes of the answer that are read: 1 MiB, at most 16 MiB; of one that is kept 64 MiB.",
        ),
    ] = None

    @field_validator("url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.lower().startswith(("http://", "https://")):
            raise ValueError("must be an absolute URL that begins with https:// or http://")
        return value

    @field_validator("files", mode="before")
    @classmethod
    def _by_field(cls, value: object) -> object:
        return by_field(value)

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("tls", mode="before")
    @classmethod
    def _authority(cls, value: object) -> object:
        return {"ca": value} if isinstance(value, str) else value

    @field_validator("auth", mode="before")
    @classmethod
    def _token(cls, value: object) -> object:
        return {"token": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_body(self) -> HttpRequestInput:
        given = [name for name, field in _BODIES if self._has(field) and not (field == "body" and self.keeps_answer)]
        if len(given) > 1 and given != ["form", "files"]:
            raise ValueError(f"give one of json, form, files and body, not {' and '.join(given)}")
        if not self.keeps_answer and self.max_bytes is not None and self.max_bytes > _MAX_BYTES:
            raise ValueError(f"max_bytes is at most {_MAX_BYTES}, unless the answer is kept")
        return self

    def _has(self, field: str) -> bool:
        return field in self.model_fields_set and (field == "json_" or getattr(self, field) is not None)

    @property
    def keeps_answer(self) -> bool:
        """Whether the answer is kept as a file: `blob` can be no text to send where another body is sent, or none."""
        others = any(self._has(field) for field in ("json_", "form", "files"))
        return self.body == "blob" and (others or self.method in _BODILESS)

    async def content(self, context: ActionContext) -> tuple[bytes | None, str | None]:
        """The body and its media type.

        Raises:
            ActionFailed: A file to send is missing, or too large.
        """
        if self._has("json_"):
            return dumps(self.json_), "application/json"
        if self.files is not None:
            return await form_content(_pairs(self.form or {}), self.files, context)
        if self.form is not None:
            return urlencode(_pairs(self.form)).encode(), "application/x-www-form-urlencoded"
        if isinstance(self.body, FileBody):
            return await file_content(self.body, context)
        if self.body is not None and not self.keeps_answer:
            return self.body.encode(), "text/plain; charset=utf-8"
        return None, None

    @property
    def target(self) -> str:
        """The URL with the query added."""
        pairs = urlencode(_pairs(self.query))
        if not pairs:
            return self.url
        base, mark, fragment = self.url.partition("#")
        joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
        return f"{base}{joint}{pairs}{mark}{fragment}"


def _pairs(fields: Mapping[str, Scalar | list[Scalar]]) -> list[tuple[str, str]]:
    return [
        (name, _written(item))
        for name, value in fields.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def _written(value: Scalar) -> str:
    return value if isinstance(value, str) else dumps(value).decode()


def retry_after_of(answer: Fetched, received: datetime) -> float | None:
    """Seconds of `Retry-After` (RFC 9110, 10.2.3) in both forms; a date counts from the answer's `Date`.

    Args:
        answer: The answer.
        received: Used if `Date` is missing.
    """
    value = _header(answer, "retry-after")
    if value is None:
        return None
    if value.isascii() and value.isdecimal():
        # A longer number asks for more than the longest wait anyway; the retry caps it.
        return float(value[:_DIGITS])
    when = _date(value)
    if when is None:
        return None
    now = _date(_header(answer, "date") or "") or received
    return max(0.0, (when - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _header(answer: Fetched, name: str) -> str | None:
    values = answer.headers.all(name)
    return values[0].strip() if values else None


async def _request(settings: HttpRequestInput, context: ActionContext) -> dict[str, Any]:
    body, media_type = await settings.content(context)
    default = MAX_FILE_BYTES if settings.keeps_answer else _DEFAULT_BYTES
    headers = dict(settings.headers)
    given = {name.lower() for name in headers}
    if media_type is not None and "content-type" not in given:
        headers["Content-Type"] = media_type
    if settings.auth is not None and "authorization" not in given:
        headers["Authorization"] = settings.auth.header
    if "idempotency-key" not in given:
        headers["Idempotency-Key"] = context.idempotency_key
    try:
        answer = await context.request(
            settings.method,
            settings.target,
            headers=headers,
            data=body,
            timeout=settings.timeout,
            max_bytes=settings.max_bytes or default,
            tls=None if settings.tls is None else CallTls(settings.tls.ca, settings.tls.certificate, settings.tls.key),
        )
    except AddressRefused as error:
        raise ActionFailed(error.public, retryable=False) from error
    expected = settings.expect if settings.expect is not None else range(200, 300)
    if answer.status not in expected:
        raise _unexpected(answer, _output(answer)["body"], context)
    if answer.note:
        most = MAX_FILE_BYTES if settings.keeps_answer else _MAX_BYTES
        raise ActionFailed(
            f"answered {answer.status}, but {answer.note}: raise max_bytes (at most {most}) if it is wanted",
            retryable=False,
        )
    return await _kept(answer, settings.url, context) if settings.keeps_answer else _output(answer)


async def _kept(answer: Fetched, url: str, context: ActionContext) -> dict[str, Any]:
    """The output for an answer that is kept as a file, in whose place `body` says where it is."""
    headers = _headers(answer)
    media_type = parse_options_header(headers.get("content-type", ""))[0].strip().lower()
    named = parse_options_header(headers.get("content-disposition", ""))[1].get("filename")
    filename = named or unquote(urlsplit(url).path.rpartition("/")[2])
    kept = await context.keep_file(Part(filename, media_type, answer.body))
    return {"status": answer.status, "headers": headers, "body": dict(kept)}


def _headers(answer: Fetched) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in answer.headers.pairs:
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    return headers


def _output(answer: Fetched) -> dict[str, Any]:
    headers = _headers(answer)
    output: dict[str, Any] = {"status": answer.status, "headers": headers}
    media_type = headers.get("content-type", "")
    try:
        output["body"] = _body(answer.body, media_type)
    except ValueError:
        output["body"] = base64.b64encode(answer.body).decode()
        output["encoding"] = "base64"
    return output


def _body(body: bytes, media_type: str) -> Any:
    kind = media_type.partition(";")[0].strip().lower()
    if not body:
        return None
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return loads(body.removeprefix(b"\xef\xbb\xbf"))
        except ValueError:
            pass
    return body.decode(charset_of(media_type) or "utf-8")


def _unexpected(answer: Fetched, body: Any, context: ActionContext) -> ActionFailed:
    text = body if isinstance(body, str) else "" if body is None else dumps(body).decode()
    shown = f": {text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}" if text else ""
    again = answer.status >= 500 or answer.status in _AGAIN
    retry_after = retry_after_of(answer, context.received) if again else None
    return ActionFailed(f"answered {answer.status}{shown}", retryable=again, retry_after=retry_after)


HTTP_REQUEST = Action(
    name="http.request", input=HttpRequestInput, run=_request, summary="Call an HTTP API through the egress guard"
)
