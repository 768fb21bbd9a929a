"""Errors of the management API as RFC 9457 problem details."""

from __future__ import annotations

from typing import Any

import structlog
from quart import Quart, Response, g, request
from werkzeug.exceptions import HTTPException

from hub.api.web.auth import Unauthorized
from hub.errors import AddressRefused, Conflict, Forbidden, Invalid, NotFound, Problem, Reject, StoreUnavailable
from hub.model.ids import new_id, write_id
from hub.model.json import dumps

__all__ = ["install", "problem"]

log = structlog.get_logger(__name__)

_TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


def problem(status: int, detail: str, problems: tuple[Problem, ...] = (), **headers: str) -> Response:
    """A problem document with the id of the request."""
    title = _TITLES.get(status, "Error")
    body: dict[str, Any] = {
        "type": f"urn:hub:problem:{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id(),
    }
    if problems:
        body["errors"] = [{"pointer": one.pointer, "message": one.message} for one in problems]
    response = Response(dumps(body), status, content_type="application/problem+json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def request_id() -> str:
    """The id of the current request, which every answer has in X-Request-Id."""
    if "request_id" not in g:
        g.request_id = write_id("req", new_id())
    return str(g.request_id)


def install(app: Quart) -> None:
    """Answer every error with a problem document, and set the id and the security headers of every answer."""
    for kind, handler in _HANDLERS.items():
        app.register_error_handler(kind, handler)
    app.after_request(_finish)


async def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code == 204:
        response.headers.pop("Content-Type", None)
    return response


async def _http(error: HTTPException) -> Response:
    response = problem(error.code or 500, error.description or error.name)
    allowed = getattr(error, "valid_methods", None)
    if error.code == 405 and allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


async def _unexpected(error: Exception) -> Response:
    log.error("request failed", path=request.path, error=type(error).__name__, exc_info=error)
    return problem(500, "the hub failed; the operator finds the cause in the log under this request id")


async def _unauthorized(error: Unauthorized) -> Response:
    return problem(401, str(error), WWW_Authenticate='Bearer realm="hub"')


async def _forbidden(error: Forbidden) -> Response:
    return problem(403, str(error))


async def _not_found(error: NotFound) -> Response:
    return problem(404, str(error) or "not found in this org")


async def _conflict(error: Conflict) -> Response:
    return problem(error.status, error.detail)


async def _invalid(error: Invalid) -> Response:
    return problem(error.status, error.detail, error.problems)


async def _address(error: AddressRefused) -> Response:
    return problem(422, error.public)


async def _reject(error: Reject) -> Response:
    return problem(error.status, error.reason)


async def _store(_error: StoreUnavailable) -> Response:
    return problem(503, "the database is not available; nothing was changed", Retry_After="5")


_HANDLERS: dict[type[Exception], Any] = {
    Unauthorized: _unauthorized,
    Forbidden: _forbidden,
    NotFound: _not_found,
    Conflict: _conflict,
    Invalid: _invalid,
    AddressRefused: _address,
    Reject: _reject,
    StoreUnavailable: _store,
    HTTPException: _http,
    Exception: _unexpected,
}
