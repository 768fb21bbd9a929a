"""Messages: publish, list, read, replay, and count by outcome."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response, request
from quart_schema import document_request, tag_blueprint

from hub.api.outbound.outbound_view import message_view
from hub.api.web.arguments import time_of
from hub.api.web.auth import caller, requires
from hub.api.web.bodies import model_body
from hub.api.web.idempotency import idempotency_key, request_digest
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, instant_text, path_id
from hub.api.web.services import services
from hub.model.ids import write_id
from hub.model.times import SECOND
from hub.outbound.publish.publish import Publication

__all__ = ["blueprint"]

blueprint = Blueprint("messages", __name__, url_prefix="/api/messages")
tag_blueprint(blueprint, {"messages"})

_DAY = 86_400 * SECOND


class MessageInput(BaseModel):
    """A message to publish. `Idempotency-Key` is a header."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(min_length=1, max_length=200)]
    data: Any
    client: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    ordering_key: Annotated[str, Field(min_length=1, max_length=200)] | None = None


@blueprint.post("")
@document_request(MessageInput)
@requires("publish")
async def publish() -> Response:
    """Publish a message. It is on disk when the answer leaves. A repeated Idempotency-Key gives the same message."""
    hub, who = services(), caller()
    data = await model_body(MessageInput)
    published = await hub.outbound.publish(
        Publication(
            org=who.org.id,
            type=data.type,
            data=data.data,
            client=data.client,
            ordering_key=data.ordering_key,
            idempotency_key=idempotency_key(),
            idempotency_digest=await request_digest(),
        )
    )
    body = {"id": write_id("msg", published.id), "deliveries": published.deliveries}
    if published.duplicate:
        body["duplicate"] = True
    return answer(body, 202)


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the messages of the org, newest first, with the states of their deliveries.

    `undelivered=true` selects those that have not been delivered to every subscription.
    """
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    undelivered = request.args.get("undelivered", "").lower() in {"true", "1", "yes"}
    page = await hub.store.outbound.messages(who.org.id, undelivered=undelivered, limit=limit, cursor=cursor)
    return answer(page_of(page, lambda item: message_view(item[0], states=item[1])))


@blueprint.get("/account")
@requires("view")
async def account() -> Response:
    """Count the messages accepted between `since` and `until` by outcome, by default those of the last day."""
    hub, who = services(), caller()
    now = hub.clock.now()
    given_since, given_until = request.args.get("since"), request.args.get("until")
    until = time_of(given_until, "/until") if given_until else now + 1_000
    since = time_of(given_since, "/since") if given_since else now - _DAY
    found = await hub.store.outbound.account(who.org.id, since, until)
    return answer({"since": instant_text(since), "until": instant_text(until), **asdict(found)})


@blueprint.get("/<message>")
@requires("view")
async def show(message: str) -> Response:
    """Show a message with its data and its deliveries."""
    hub, who = services(), caller()
    record, deliveries = await hub.store.outbound.message(who.org.id, path_id("msg", message))
    return answer(message_view(record, deliveries))


@blueprint.post("/<message>/replay")
@requires("edit")
async def replay(message: str) -> Response:
    """Send a message again to all subscriptions that match it now. The plugins process a held one again."""
    hub, who = services(), caller()
    found = path_id("msg", message)
    count = await hub.outbound.replay(who.org.id, found)
    return answer({"id": write_id("msg", found), "deliveries": count}, 202)
