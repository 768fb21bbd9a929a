"""`GET /healthz`: 200 once the hub is ready."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import tag_blueprint

from hub.api.web.rendering import answer

__all__ = ["blueprint"]

blueprint = Blueprint("health", __name__)
tag_blueprint(blueprint, {"health"})


@blueprint.get("/healthz")
async def healthz() -> Response:
    """Answer 200: the server accepts requests only when the store, the plugins and the engine have started."""
    return answer({"status": "ok"})
