"""Hub URLs straight from the server to the pipeline, through Quart's documented extension point `asgi_http_class`.

One Quart application routes every request. The routes of dialects skip its request context, so that the pipeline sees
the exact bytes as they stream in and a request costs no context that nobody reads.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from quart import Quart
from quart.asgi import ASGIHTTPConnection
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect, Rule

from hub.inbound.http.arrival import Arrival
from hub.inbound.http.client_address import Client
from hub.inbound.http.expect import allow_body
from hub.inbound.pipeline import Pipeline
from hub.model.ids import new_id, write_id
from hub.model.wire.reply import Reply
from hub.model.wire.request import MAX_FIELDS
from hub.model.wire.values import Values
from hub.ports.clock import Clock
from hub.sdk.dialect import Dialect, DialectRoute, Refusal

__all__ = ["HubConnection", "HubRoutes"]

_EXTENSION = "hub.inbound"
_CACHED_URLS = 4096
_FORBIDDEN_HEADERS = frozenset({"set-cookie", "content-length", "transfer-encoding", "connection"})
"""Headers that no reply may set: a cookie would be one of the hub's origin, the others are the server's."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[^\x00-\x20\x7f](?:[\t\x20]*[^\x00-\x20\x7f])*)?")
_STATUSES_WITHOUT_BODY = frozenset({204, 205, 304})
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    dialect: Dialect
    route: DialectRoute
    allowed: str = ""
    """The methods of the path, for a request whose method is none of them; else empty."""


class HubRoutes:
    """The dialects' routes inside an application's own URL map.

    Args:
        app: The application; its `asgi_http_class` becomes `HubConnection`.
        pipeline: Where requests go.
        client: Tells the sender's address.
        clock: Says when a request was received.
    """

    def __init__(self, app: Quart, pipeline: Pipeline, client: Client, clock: Clock) -> None:
        self.pipeline = pipeline
        self.client = client
        self.clock = clock
        self._endpoints: dict[str, _Endpoint] = {}
        self._app = app
        self._cached_match = lru_cache(maxsize=_CACHED_URLS)(self._match)
        app.asgi_http_class = HubConnection
        app.extensions[_EXTENSION] = self

    def add(self, dialect: Dialect) -> None:
        """Add the dialect's routes to the URL map."""
        for number, route in enumerate(dialect.routes):
            endpoint = f"hub:{dialect.name}:{number}"
            self._endpoints[endpoint] = _Endpoint(dialect, route)
            rule = Rule(route.path, endpoint=endpoint, methods=route.methods, strict_slashes=True, merge_slashes=False)
            if rule.methods is not None:
                rule.methods.discard("HEAD")
            self._app.url_map.add(rule)

    def match(self, path: str, method: str) -> tuple[_Endpoint, Mapping[str, str]] | None:
        """Dialect, route and parameters of a hub URL; None for everything else."""
        return self._cached_match(path, method)

    def _match(self, path: str, method: str) -> tuple[_Endpoint, Mapping[str, str]] | None:
        try:
            endpoint, params = self._app.url_map.bind("hub").match(path, method)
        except MethodNotAllowed as error:
            return self._with_another_method(path, error.valid_methods or ())
        except (HTTPException, RequestRedirect):
            return None
        found = self._endpoints.get(endpoint)
        return None if found is None else (found, MappingProxyType(dict(params)))

    def _with_another_method(self, path: str, methods: Iterable[str]) -> tuple[_Endpoint, Mapping[str, str]] | None:
        """The endpoint of a path, for a request whose method none of its routes knows.

        None where one of its routes is not a dialect's: then the refusal is Quart's.
        """
        found = [self._cached_match(path, method) for method in methods]
        if not found or found[0] is None or None in found:
            return None
        return replace(found[0][0], allowed=", ".join(sorted(methods))), found[0][1]


class HubConnection(ASGIHTTPConnection):
    """Hands requests to hub URLs to the pipeline, with the exact bytes as they stream in; all others go to Quart."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""
        routes: HubRoutes = self.app.extensions[_EXTENSION]
        self.scope = _origin_form(self.scope)
        found = routes.match(self.scope["path"], self.scope["method"])
        if found is None:
            await allow_body(self.scope)
            await super().__call__(receive, send)
            return
        endpoint, params = found
        arrival, refusal = _arrival(self.scope, receive, endpoint, params, routes)
        if refusal is not None:
            reply = endpoint.dialect.refused(refusal)
            if endpoint.allowed:
                reply = replace(reply, headers={**reply.headers, "allow": endpoint.allowed})
        else:
            try:
                reply = await routes.pipeline.handle(arrival)
            except ConnectionError:
                return
        await _send(send, reply, write_id("req", arrival.id), head=self.scope["method"] == "HEAD")


def _origin_form(scope: HTTPScope) -> HTTPScope:
    """The scope with only the path, where the request line holds a whole URL as for a proxy (RFC 9112, 3.2.2)."""
    raw = scope["raw_path"]
    if raw.startswith(b"/") or b"://" not in raw:
        return scope
    path = b"/" + raw.partition(b"://")[2].partition(b"/")[2]
    return {**scope, "path": unquote(path.decode("latin-1")), "raw_path": path}


def _arrival(
    scope: HTTPScope, receive: ASGIReceiveCallable, endpoint: _Endpoint, params: Mapping[str, str], routes: HubRoutes
) -> tuple[Arrival, Refusal | None]:
    headers = Values.of_headers(scope["headers"])
    raw_query = scope["query_string"].decode("latin-1")
    refusal = None
    if endpoint.allowed:
        refusal = Refusal("admit", "method", 405, f"{scope['method']} is not a method of this path")
    try:
        query = Values(parse_qsl(raw_query, keep_blank_values=True, max_num_fields=MAX_FIELDS) if raw_query else ())
    except ValueError:
        query = Values()
        refusal = Refusal("admit", "query", 400, f"more than {MAX_FIELDS} query fields", "Too many query fields")
    arrival = Arrival(
        id=new_id(),
        received=routes.clock.now(),
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        raw_query=raw_query,
        query=query,
        headers=headers,
        client=routes.client.address(scope["client"][0] if scope["client"] else "", headers),
        dialect=endpoint.dialect,
        route=endpoint.route,
        params=params,
        body=lambda: _chunks(scope, receive),
    )
    return arrival, refusal


async def _chunks(scope: HTTPScope, receive: ASGIReceiveCallable) -> AsyncIterator[bytes]:
    await allow_body(scope)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the sender hung up")
        if message["type"] == "http.request":
            body = message.get("body", b"")
            if body:
                yield body
            if not message.get("more_body", False):
                return


async def _send(send: ASGISendCallable, reply: Reply, request_id: str, *, head: bool) -> None:
    try:
        body, media_type = reply.encoded()
    except ValueError:
        reply, body, media_type = Reply(500), b"", None
    headers = (
        []
        if not reply.headers
        else [
            (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in reply.headers.items()
            if name.lower() not in _FORBIDDEN_HEADERS and _NAME.fullmatch(name) and _VALUE.fullmatch(value)
        ]
    )
    if media_type is not None and not any(name == b"content-type" for name, _ in headers):
        headers.append((b"content-type", media_type.encode("latin-1", "replace")))
    headers += ((b"x-request-id", request_id.encode()), *_SECURITY_HEADERS)
    if reply.status in _STATUSES_WITHOUT_BODY:
        body = b""
    else:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body, "more_body": False})
