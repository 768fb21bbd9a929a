"""The drift report: how events differ from the catalog."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, request
from quart_schema import tag_blueprint

from hub.api.sources.sources import source_id
from hub.api.web.auth import caller, requires
from hub.api.web.paging import page_arguments
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import services
from hub.model.ids import Id, write_id
from hub.model.stored.drift import Drift

__all__ = ["blueprint"]

blueprint = Blueprint("drift", __name__, url_prefix="/api/event-types/drift")
tag_blueprint(blueprint, {"event types"})


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List how events of validating sources differ from the catalog, the most frequent first, filtered by `source`."""
    hub, who = services(), caller()
    limit, _ = page_arguments()
    found = await hub.store.drift.drifts(who.org.id, source=_source(), limit=limit)
    return answer({"items": [_view(one) for one in found], "next": None})


@blueprint.delete("")
@requires("edit")
async def forget() -> Response:
    """Reset the counts, for instance after updating the catalog. `source` resets those of one source."""
    await services().store.drift.forget(caller().org.id, source=_source())
    return Response(b"", 204)


def _source() -> Id | None:
    wanted = request.args.get("source")
    return None if wanted is None else source_id(wanted, services())


def _view(one: Drift) -> dict[str, Any]:
    return {
        "source": write_id("src", one.source),
        "type": one.type,
        "detail": one.detail,
        "count": one.count,
        "first": instant_text(one.first),
        "last": instant_text(one.last),
        "request": write_id("req", one.request),
    }
