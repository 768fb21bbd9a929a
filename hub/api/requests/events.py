"""Events, which are read from requests: list and read."""

from __future__ import annotations

from pydantic import BaseModel, Field
from quart import Blueprint, Response, request
from quart_schema import document_querystring, tag_blueprint

from hub.api.requests.request_view import event_view
from hub.api.sources.sources import source_id
from hub.api.web.auth import caller, requires
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, path_id
from hub.api.web.services import services

__all__ = ["EventQuery", "blueprint"]

blueprint = Blueprint("events", __name__, url_prefix="/api/events")
tag_blueprint(blueprint, {"events"})


class EventQuery(BaseModel):
    """Filters of the list of events."""

    source: str | None = Field(default=None, description="Id of a source.")
    type: str | None = Field(default=None, description="Type of the event as the vendor writes it.")
    request: str | None = Field(default=None, description="Id of the request that contained it.")
    limit: int = Field(default=50, description="1 to 200.")
    cursor: str | None = None


@blueprint.get("")
@document_querystring(EventQuery)
@requires("view")
async def index() -> Response:
    """List the events of the org, newest first. Held and dropped ones have the reason."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    source, of_request = request.args.get("source"), request.args.get("request")
    page = await hub.store.inbound.events(
        who.org.id,
        source=source_id(source, hub) if source else None,
        type=request.args.get("type") or None,
        request=path_id("req", of_request) if of_request else None,
        limit=limit,
        cursor=cursor,
    )
    return answer(page_of(page, lambda record: event_view(record, whole=False)))


@blueprint.get("/<event>")
@requires("view")
async def show(event: str) -> Response:
    """Show an event with its data."""
    hub, who = services(), caller()
    return answer(event_view(await hub.store.inbound.event(who.org.id, path_id("evt", event))))
