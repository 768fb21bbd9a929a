"""Deliveries: list, read, send again."""

from __future__ import annotations

from typing import get_args

from quart import Blueprint, Response, request
from quart_schema import tag_blueprint

from hub.api.outbound.outbound_view import delivery_view
from hub.api.web.arguments import choice_argument
from hub.api.web.auth import caller, requires
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, path_id
from hub.api.web.services import services
from hub.model.stored.outbound import DeliveryState

__all__ = ["blueprint"]

blueprint = Blueprint("deliveries", __name__, url_prefix="/api/deliveries")
tag_blueprint(blueprint, {"deliveries"})


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the deliveries of the org, newest first, filtered by `subscription` and `state`."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    subscription = request.args.get("subscription")
    page = await hub.store.outbound.deliveries(
        who.org.id,
        subscription=path_id("sub", subscription) if subscription else None,
        state=choice_argument("state", get_args(DeliveryState)),
        limit=limit,
        cursor=cursor,
    )
    return answer(page_of(page, delivery_view))


@blueprint.get("/<delivery>")
@requires("view")
async def show(delivery: str) -> Response:
    """Show a delivery with its body and its attempts."""
    hub, who = services(), caller()
    record, attempts = await hub.store.outbound.delivery(who.org.id, path_id("dlv", delivery))
    return answer(delivery_view(record, attempts, who))


@blueprint.post("/<delivery>/retry")
@requires("edit")
async def retry(delivery: str) -> Response:
    """Send a finished delivery again, with the same id and body; 409 if it is still pending."""
    hub, who = services(), caller()
    found = path_id("dlv", delivery)
    await hub.outbound.retry(who.org.id, found)
    record, attempts = await hub.store.outbound.delivery(who.org.id, found)
    return answer(delivery_view(record, attempts, who), 202)
