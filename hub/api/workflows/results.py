"""Signed links of synchronous answers: a result that is too large, an execution that takes too long."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import tag_blueprint

from hub.api.web.rendering import answer
from hub.api.web.services import services
from hub.api.workflows.executions import execution_view
from hub.model.json import dumps
from hub.model.stored.execution import FINISHED

__all__ = ["blueprint"]

blueprint = Blueprint("results", __name__, url_prefix="/api")
tag_blueprint(blueprint, {"results"})


@blueprint.get("/results/<token>")
async def download(token: str) -> Response:
    """Download a result by its signed link; 403 for a forged link, 410 for an expired one."""
    hub = services()
    link = hub.links.read(token, "result")
    record = await hub.store.executions.get(link.org, link.execution)
    response = Response(dumps(record.result), content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="result.json"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.get("/status/<token>")
async def status(token: str) -> Response:
    """Show the state of an execution by its signed link, with the result once it has finished."""
    hub = services()
    link = hub.links.read(token, "status")
    record = await hub.store.executions.get(link.org, link.execution)
    body = execution_view(record)
    if record.state in FINISHED:
        body["result"] = record.result
    return answer(body)
