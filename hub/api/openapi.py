"""OpenAPI 3.1 of the management API at `/openapi.json`, and a page to browse it at `/docs`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from quart import Blueprint, Response, current_app
from quart_schema import hide
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import Rule

__all__ = ["ManagementApi", "blueprint"]

blueprint = Blueprint("docs", __name__)

_POLICY = "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
_PROBLEM = {
    "description": "Problem details (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "message"],
                "properties": {"pointer": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


class ManagementApi(OpenAPIProvider):
    """Describes the routes that need a key; hub URLs are the dialects' business."""

    def schema(self) -> dict[str, Any]:
        """The document, every operation with the problem it may answer."""
        document: dict[str, Any] = super().schema()
        document["components"]["schemas"]["Problem"] = _PROBLEM_SCHEMA
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].setdefault("2XX", {"description": "Done."})
                operation["responses"]["default"] = _PROBLEM
        return document

    def generate_rules(self) -> Iterable[Rule]:
        """Rules of views, without those of the dialects."""
        for rule in self._app.url_map.iter_rules():
            view = self._app.view_functions.get(rule.endpoint)
            if view is not None and not getattr(view, "_quart_schema_hidden", False):
                yield rule


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("hub.api"), autoescape=select_autoescape())


@blueprint.get("/docs")
@hide
async def page() -> Response:
    """The API on one page, without a script."""
    schema = ManagementApi(current_app, current_app.extensions["QUART_SCHEMA"]).schema()
    html = _environment().get_template("docs.html").render(schema=schema)
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@blueprint.get("/docs/style.css")
@hide
async def style() -> Response:
    """The page's style sheet."""
    return Response((files("hub.api") / "templates" / "docs.css").read_bytes(), content_type="text/css; charset=utf-8")
