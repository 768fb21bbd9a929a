"""`http.request`: one HTTP call through the egress guard."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.errors import ActionFailed, AddressRefused
from hub.model.json import dumps, loads
from hub.model.wire.fetched import Fetched
from hub.model.wire.forms import charset_of
from hub.sdk.action import Action, ActionContext, CallTls
from hub.workflows.actions.values import HeaderValue

__all__ = ["HTTP_REQUEST", "HttpAuth", "HttpRequestInput", "HttpTls", "retry_after_of"]

_MAX_BYTES = 16 * 1024 * 1024
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
    form: Annotated[dict[str, Scalar | list[Scalar]] | None, Field(description="Sent as a urlencoded form.")] = None
    body: Annotated[str | None, Field(description="Sent unchanged, in UTF-8.")] = None
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
    max_bytes: Annotated[int, Field(ge=1, le=_MAX_BYTES, description="Most bytes of the answer that are read.")] = (
        1 << 20
    )

    @field_validator("url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.lower().startswith(("http://", "https://")):
            raise ValueError("must be an absolute URL that begins with https:// or http://")
        return value

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
        given = [name for name, field in (("json", "json_"), ("form", "form"), ("body", "body")) if self._has(field)]
        if len(given) > 1:
            raise ValueError(f"give one of json, form and body, not {' and '.join(given)}")
        return self

    def _has(self, field: str) -> bool:
        return field in self.model_fields_set and (field == "json_" or getattr(self, field) is not None)

    @property
    def content(self) -> tuple[bytes | None, str | None]:
        """The body and its media type."""
        if self._has("json_"):
            return dumps(self.json_), "application/json"
        if self.form is not None:
            return urlencode(_pairs(self.form)).encode(), "application/x-www-form-urlencoded"
        if self.body is not None:
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
    body, media_type = settings.content
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
            max_bytes=settings.max_bytes,
            tls=None if settings.tls is None else CallTls(settings.tls.ca, settings.tls.certificate, settings.tls.key),
        )
    except AddressRefused as error:
        raise ActionFailed(error.public, retryable=False) from error
    output = _output(answer)
    expected = settings.expect if settings.expect is not None else range(200, 300)
    if answer.status not in expected:
        raise _unexpected(answer, output["body"], context)
    if answer.note:
        raise ActionFailed(
            f"answered {answer.status}, but {answer.note}: raise max_bytes (at most {_MAX_BYTES}) if it is wanted",
            retryable=False,
        )
    return output


def _output(answer: Fetched) -> dict[str, Any]:
    headers: dict[str, str] = {}
    for name, value in answer.headers.pairs:
        lower = name.lower()
        headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
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
