"""OpenAPI 3.1 of the management API at `/openapi.json`, and a page to browse it at `/docs`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quart import Blueprint, Response, current_app
from quart_schema import hide
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import Rule

from hub.api.web.pages import html
from hub.api.web.services import EXTENSION

__all__ = ["ManagementApi", "blueprint"]

blueprint = Blueprint("docs", __name__)

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
    """Describes the routes of the management API, without those of the dialects."""

    def schema(self) -> dict[str, Any]:
        """The document. Every operation has the problem document among its answers."""
        document: dict[str, Any] = super().schema()
        document["components"]["schemas"]["Problem"] = _PROBLEM_SCHEMA
        document["servers"] = [{"url": self._app.extensions[EXTENSION].base_url}]
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].setdefault("2XX", {"description": "Done."})
                operation["responses"]["default"] = _PROBLEM
        return document

    def generate_rules(self) -> Iterable[Rule]:
        """The rules of the management API: only these have a view."""
        for rule in self._app.url_map.iter_rules():
            view = self._app.view_functions.get(rule.endpoint)
            if view is not None and not getattr(view, "_quart_schema_hidden", False):
                yield rule


@blueprint.get("/docs")
@hide
async def page() -> Response:
    """The API on one page without a script."""
    return html("docs.html", schema=current_app.extensions["QUART_SCHEMA"].openapi_provider.schema())
