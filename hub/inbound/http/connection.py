"""Hub URLs straight from the server to the pipeline, through Quart's documented extension point `asgi_http_class`.

One Quart application routes every request. The routes of dialects skip its request context, so that the pipeline sees
the exact bytes as they stream in and a request costs no context that nobody reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qsl, unquote

import structlog
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from quart import Quart
from quart.asgi import ASGIHTTPConnection

from hub.errors import described
from hub.inbound.evidence.unkept import UnkeptRequests
from hub.inbound.http.arrival import Arrival
from hub.inbound.http.client_address import Client
from hub.inbound.http.expect import allow_body
from hub.inbound.http.routes import Endpoint, Routed, RouteTable
from hub.inbound.pipeline import Pipeline
from hub.inbound.sendable import is_header_name, is_header_value
from hub.model.ids import new_id, write_id
from hub.model.wire.forms import MAX_FIELDS
from hub.model.wire.reply import Reply
from hub.model.wire.values import Values
from hub.ports.clock import Clock
from hub.sdk.dialect import Refusal

__all__ = ["HubConnection", "HubRoutes"]

log = structlog.get_logger(__name__)

_EXTENSION = "hub.inbound"
_FORBIDDEN_HEADERS = frozenset({"set-cookie", "content-length", "transfer-encoding", "connection"})
"""Headers that no reply may set: a cookie would be one of the hub's origin, the others are the server's."""
_STATUSES_WITHOUT_BODY = frozenset({204, 205, 304})
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)


class HubRoutes:
    """What hub URLs of an application lead to.

    Args:
        app: The application; its `asgi_http_class` becomes `HubConnection`.
        pipeline: Where requests go.
        client: Tells the sender's address.
        clock: Says when a request was received.
        unkept: Counts the requests that only look like hub URLs.
        prefix: Path of the public URL, empty without one.
    """

    def __init__(
        self, app: Quart, pipeline: Pipeline, client: Client, clock: Clock, unkept: UnkeptRequests, *, prefix: str = ""
    ) -> None:
        self.table = RouteTable(app, prefix)
        self.pipeline = pipeline
        self.client = client
        self.clock = clock
        self.unkept = unkept
        self.prefix = prefix
        app.asgi_http_class = HubConnection
        app.extensions[_EXTENSION] = self


class HubConnection(ASGIHTTPConnection):
    """Hands requests to hub URLs to the pipeline, with the exact bytes as they stream in; all others go to Quart."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""
        routes: HubRoutes = self.app.extensions[_EXTENSION]
        self.scope = scope = _origin_form(self.scope)
        routed = routes.table.find(scope["path"], scope["method"])
        if routed is None or routed.endpoint is None:
            if routed is None and routes.table.is_near(scope["path"]):
                _note(routes, scope, 404, "no hub URL has this form")
            self.scope = _under_prefix(scope, routed, routes.prefix)
            await allow_body(self.scope)
            await super().__call__(receive, send)
            return
        arrival, refused = _arrival(scope, receive, routed, routed.endpoint, routes)
        if refused is None:
            try:
                reply = await routes.pipeline.handle(arrival)
            except ConnectionError:
                return
        else:
            reply = refused
            if reply.status == 400:
                _note(routes, scope, 400, "the query cannot be read")
        await _send(send, reply, write_id("req", arrival.id), head=scope["method"] == "HEAD")


def _note(routes: HubRoutes, scope: HTTPScope, status: int, reason: str) -> None:
    peer = scope["client"][0] if scope["client"] else ""
    client = routes.client.address(peer, Values.of_headers(scope["headers"]))
    routes.unkept.wrong_address(routes.clock.now(), scope["method"], scope["path"], status, reason, client)


def _under_prefix(scope: HTTPScope, routed: Routed | None, prefix: str) -> HTTPScope:
    """The scope as Quart expects it below a prefix, whether or not a proxy has stripped that."""
    if not prefix:
        return scope
    path = scope["path"].removeprefix(prefix) if routed is None else routed.path
    return {**scope, "root_path": prefix, "path": f"{prefix}{path}"}


def _origin_form(scope: HTTPScope) -> HTTPScope:
    """The scope with only the path, where the request line holds a whole URL as for a proxy (RFC 9112, 3.2.2)."""
    raw = scope["raw_path"]
    if raw.startswith(b"/") or b"://" not in raw:
        return scope
    path = b"/" + raw.partition(b"://")[2].partition(b"/")[2]
    return {**scope, "path": unquote(path.decode("latin-1")), "raw_path": path}


def _arrival(
    scope: HTTPScope, receive: ASGIReceiveCallable, routed: Routed, endpoint: Endpoint, routes: HubRoutes
) -> tuple[Arrival, Reply | None]:
    """The request, and the reply where it is clear from the head alone."""
    headers = Values.of_headers(scope["headers"])
    raw_query = scope["query_string"].decode("latin-1")
    reply = _other_method(scope["method"], endpoint) if endpoint.allowed else None
    try:
        query = Values(parse_qsl(raw_query, keep_blank_values=True, max_num_fields=MAX_FIELDS) if raw_query else ())
    except ValueError:
        query = Values()
        refusal = Refusal("admit", "query", 400, f"more than {MAX_FIELDS} query fields", "Too many query fields")
        reply = endpoint.dialect.refused(refusal)
    arrival = Arrival(
        id=new_id(),
        received=routes.clock.now(),
        method=scope["method"],
        path=_raw_path(scope, routed, routes.prefix),
        raw_query=raw_query,
        query=query,
        headers=headers,
        client=routes.client.address(scope["client"][0] if scope["client"] else "", headers),
        dialect=endpoint.dialect,
        route=endpoint.route,
        params=routed.params,
        body=lambda: _chunks(scope, receive),
    )
    return arrival, reply


def _other_method(method: str, endpoint: Endpoint) -> Reply:
    """The refusal of a method that no route of the path takes."""
    refused = endpoint.dialect.refused(Refusal("admit", "method", 405, f"{method} is not a method of this path"))
    return replace(refused, headers={**refused.headers, "allow": ", ".join(endpoint.allowed)})


def _raw_path(scope: HTTPScope, routed: Routed, prefix: str) -> str:
    """The path as sent, percent-encoding kept, below the public URL."""
    raw = scope["raw_path"].decode("latin-1")
    return raw.removeprefix(prefix) if prefix and routed.path != scope["path"] else raw


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
        usable = media_type is None or is_header_value(media_type)
    except Exception as error:  # noqa: BLE001 - a reply of a plugin's dialect; the head of the answer has not left yet
        log.warning("a reply could not be sent", request=request_id, error=described(error))
        usable, body, media_type = False, b"", None
    if not usable:
        reply, media_type = Reply(reply.status), None
    headers = (
        []
        if not reply.headers
        else [
            (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in reply.headers.items()
            if is_header_name(name) and is_header_value(value) and name.lower() not in _FORBIDDEN_HEADERS
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
