"""`POST /api/verify`: explain step by step why a request would pass or fail."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.sources.sources import find_source
from hub.api.web.auth import Caller, caller, requires
from hub.api.web.bodies import model_body
from hub.api.web.rendering import answer, instant_text, path_id
from hub.api.web.services import Services, services
from hub.errors import Invalid, Problem
from hub.inbound.explain.explainer import Explanation
from hub.inbound.explain.kept import KeptRequest
from hub.inbound.http.arrival import Arrival
from hub.model.ids import new_id, write_id
from hub.model.json import dumps
from hub.model.stored.inbound import RequestRecord
from hub.model.stored.source import SourceRecord
from hub.model.times import to_micros
from hub.model.wire.forms import MAX_FIELDS
from hub.model.wire.values import Values
from hub.sdk.dialect import Dialect, DialectRoute
from hub.settings import Settings

__all__ = ["VerifyInput", "blueprint"]

blueprint = Blueprint("verify", __name__, url_prefix="/api")
tag_blueprint(blueprint, {"requests"})

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on
"""A hub that listens on every address and has no public URL does not know its host."""

HeaderText = Annotated[str, Field(max_length=65_536)]


class VerifyInput(BaseModel):
    """A pasted request, or the id of a stored one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(default=None, description="Id of the source that it was sent to.")
    request: str | None = Field(default=None, description="Id of a stored request; the other fields are ignored.")
    method: Annotated[str, Field(pattern=r"^[A-Za-z]{1,16}$")] = "POST"
    url: Annotated[str, Field(max_length=16_384)] | None = Field(
        default=None,
        description="URL, or path with query, as sent. Without it, the credential in the URL is not checked.",
    )
    headers: dict[str, HeaderText | list[HeaderText]] | list[tuple[str, HeaderText]] = Field(default={})
    body: Any = Field(default=None, description="The exact text. Another JSON value stands for its compact form.")
    body_base64: str | None = Field(default=None, description="The exact bytes, if they are not text.")
    client: Annotated[str, Field(max_length=100)] = Field(default="", description="Address of the sender, if known.")
    dialect: str | None = Field(
        default=None, description="tracecat, flowtrux, vectense, vibeiq, …; by default the one of the URL."
    )
    received: AwareDatetime | None = Field(default=None, description="When it was received, by default now.")


@blueprint.post("/verify")
@document_request(VerifyInput)
@requires("view")
async def explain() -> Response:
    """Explain each step for a request. Nothing is stored or started, and no secret or expected MAC is shown."""
    hub, who = services(), caller()
    data = await model_body(VerifyInput)
    kept: KeptRequest | None = None
    if data.request is not None:
        kept, source, arrival = await _kept(data.request, hub, who)
        with_url = arrival.route.path != arrival.path  # else its dialect is gone, and the path names nothing
    elif data.source is not None:
        source = find_source(data.source, hub, who)
        arrival = _pasted(data, source, hub)
        with_url = data.url is not None
    else:
        raise Invalid("a source or a stored request is needed", (Problem("/source", "is missing"),))
    explanation = await hub.explainer.explain(source, arrival, with_url=with_url, kept=kept)
    return answer(_view(explanation, source, arrival, kept))


def _view(explanation: Explanation, source: SourceRecord, arrival: Arrival, kept: KeptRequest | None) -> dict[str, Any]:
    failure = explanation.first_failure or explanation.first_open
    return {
        "source": write_id("src", source.id),
        "dialect": arrival.dialect.name,
        "verdict": explanation.verdict,
        "reason": failure.detail if failure is not None else "",
        "steps": [
            {
                "step": one.step,
                "check": one.check,
                "result": "unknown" if one.ok is None else "pass" if one.ok else "fail",
                "detail": one.detail,
                "hints": list(one.hints),
            }
            for one in explanation.steps
        ],
        "events": [{"type": kind, "id": key} for kind, key in explanation.events],
        "recorded": None if kept is None else _recorded(kept.record),
    }


def _recorded(record: RequestRecord) -> dict[str, Any]:
    """What the hub said of a kept request when it came in, beside what it would say now."""
    return {
        "state": record.state,
        "step": record.step,
        "reason": record.reason,
        "status": record.status,
        "received": instant_text(record.received),
    }


async def _kept(text: str, hub: Services, who: Caller) -> tuple[KeptRequest, SourceRecord, Arrival]:
    record = await hub.store.inbound.request(who.org.id, path_id("req", text))
    source = find_source(write_id("src", record.source), hub, who)
    if record.body is not None and len(record.body) < record.size:
        raise Invalid(
            "only the beginning of this body was stored", (Problem("/request", "paste the request with its body"),)
        )
    dialect = _dialect(record.dialect, source, hub)
    arrival = _arrival(
        hub,
        dialect,
        record.method,
        record.url,
        record.headers,
        body=record.body or b"",
        client=record.client,
        received=record.received,
    )
    return KeptRequest(record, hub.clock.now()), source, arrival


def _pasted(data: VerifyInput, source: SourceRecord, hub: Services) -> Arrival:
    pairs: list[tuple[str, str]] = []
    given = data.headers.items() if isinstance(data.headers, dict) else data.headers
    for name, value in given:
        pairs += [(name.lower(), one) for one in (value if isinstance(value, list) else [value])]
    received = to_micros(data.received) if data.received else hub.clock.now()
    dialect = _dialect(data.dialect, source, hub)
    method = data.method.upper()
    if data.url is not None:
        _check_url(data.url, method, hub)
    return _arrival(
        hub,
        dialect,
        method,
        data.url or "/",
        pairs,
        body=_body(data),
        client=data.client,
        received=received,
    )


def _arrival(
    hub: Services,
    dialect: Dialect,
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    *,
    body: bytes,
    client: str,
    received: int,
) -> Arrival:
    try:
        parts = urlsplit(url)
        query = Values(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise Invalid("the URL cannot be read", (Problem("/url", str(error)),)) from error
    found = hub.routes.table.find(unquote(parts.path), method)
    path, route, params = parts.path, DialectRoute(parts.path), dict[str, str]()
    if found is not None and found.endpoint is not None:
        dialect, route, params = found.endpoint.dialect, found.endpoint.route, dict(found.params)
        if found.path != unquote(path):
            path = path.removeprefix(hub.routes.prefix)
    return Arrival(
        id=new_id(),
        received=received,
        method=method,
        path=path,
        raw_query=parts.query,
        query=query,
        headers=Values(headers, caseless=True),
        client=client,
        dialect=dialect,
        route=route,
        params=params,
        body=body,
    )


def _check_url(url: str, method: str, hub: Services) -> None:
    """Raises `Invalid` for a URL that no request to a source of this hub can have had."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is not a port
    except ValueError as error:
        raise Invalid("the URL cannot be read", (Problem("/url", str(error)),)) from error
    fault = _foreign(parts, hub.settings)
    if not fault:
        found = hub.routes.table.find(unquote(parts.path), method)
        if found is None or found.endpoint is None:
            fault = f"{parts.path[:200] or 'an empty path'} is not the path of a hub URL; `urls` of a source lists them"
    if fault:
        raise Invalid("the URL is not a URL of this hub", (Problem("/url", fault),))


def _foreign(parts: SplitResult, settings: Settings) -> str:
    """Why a URL leads elsewhere; empty for a path alone, which says nothing of the host."""
    if not parts.scheme and not parts.netloc:
        return "" if parts.path.startswith("/") else "give a whole URL, or a path that begins with /"
    if parts.scheme and parts.scheme not in {"http", "https"}:
        return f"{parts.scheme[:50]} is neither http nor https"
    host = urlsplit(settings.base_url).hostname
    anywhere = settings.public_url is None and host in _EVERY_ADDRESS
    if not anywhere and parts.hostname != host and not {parts.hostname, host} <= _LOOPBACK:
        return f"the host of this hub is {host}, not {parts.hostname}; give the path alone if both lead here"
    return ""


def _dialect(name: str | None, source: SourceRecord, hub: Services) -> Dialect:
    wanted = name or ("tracecat" if source.workflow is not None else "vibeiq")
    for dialect in hub.plugins.dialects:
        if dialect.name == wanted:
            return dialect
    known = ", ".join(one.name for one in hub.plugins.dialects)
    raise Invalid("unknown dialect", (Problem("/dialect", f"must be one of {known}"),))


def _body(data: VerifyInput) -> bytes:
    if data.body_base64 is not None:
        try:
            return base64.b64decode(data.body_base64, validate=True)
        except binascii.Error as error:
            raise Invalid("the body cannot be read", (Problem("/body_base64", str(error)),)) from error
    if data.body is None:
        return b""
    return data.body.encode("utf-8", "surrogatepass") if isinstance(data.body, str) else dumps(data.body)
