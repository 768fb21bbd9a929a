"""Event types that plugins and operators declare."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response, request
from quart_schema import document_request, tag_blueprint

from hub.api.web.arguments import choice_argument
from hub.api.web.auth import caller, requires
from hub.api.web.bodies import model_body
from hub.api.web.paging import whole_list
from hub.api.web.rendering import answer
from hub.api.web.services import services
from hub.errors import Invalid, Problem
from hub.model.wire.event_type import Direction, EventType
from hub.outbound.publish.operational import RESERVED
from hub.schemas.compiled import compiled_schema

__all__ = ["blueprint"]

blueprint = Blueprint("event_types", __name__, url_prefix="/api/event-types")
tag_blueprint(blueprint, {"event types"})


class EventTypeInput(BaseModel):
    """An event type that an operator declares."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    direction: Direction = "out"
    vendor: Annotated[str, Field(max_length=100)] | None = None
    version: Annotated[str, Field(max_length=50)] = "1"
    summary: Annotated[str, Field(max_length=1_000)] = ""
    json_schema: Annotated[Any, Field(alias="schema", description="JSON Schema, draft 2020-12.")] = None
    example: Any = None


def _view(event_type: EventType) -> dict[str, Any]:
    return {
        "name": event_type.name,
        "vendor": event_type.vendor,
        "direction": event_type.direction,
        "version": event_type.version,
        "summary": event_type.summary,
        "schema": event_type.schema,
        "example": event_type.example,
    }


def _key(each: EventType) -> tuple[str, str, str, str]:
    """What tells an event type from all others that an org sees."""
    return each.vendor or "", each.direction, each.name, each.version


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the event types of the org, its own first, filtered by `direction` (in, out) and `vendor`."""
    hub, who = services(), caller()
    direction, vendor = choice_argument("direction", get_args(Direction)), request.args.get("vendor")
    own = set(map(_key, hub.store.snapshot.event_types.get(who.org.id, ())))
    found = [
        each
        for each in hub.outbound.catalog.types(who.org.id)
        if direction in (None, each.direction) and vendor in (None, each.vendor)
    ]
    page = whole_list(found, lambda each: (_key(each) not in own, *_key(each)))
    return answer(page | {"items": [_view(each) for each in page["items"]]})


@blueprint.post("")
@document_request(EventTypeInput)
@requires("edit")
async def put() -> Response:
    """Create an event type of the org, or replace it. Its example must match its schema."""
    hub, who = services(), caller()
    data = await model_body(EventTypeInput)
    if data.name.startswith(RESERVED):
        raise Invalid("the name is reserved", (Problem("/name", f"must not begin with {RESERVED!r}"),))
    if data.json_schema is not None:
        await _check_schema(data.json_schema, data.example)
    event_type = EventType(
        data.name, data.direction, data.vendor, data.version, data.summary, data.json_schema, data.example
    )
    await hub.store.outbound.put_event_type(who.org.id, event_type)
    return answer(_view(event_type), 201)


@blueprint.delete("/<direction>/<name>")
@requires("edit")
async def delete(direction: str, name: str) -> Response:
    """Delete an event type of the org. A plugin's type of the same name applies again."""
    hub, who = services(), caller()
    await hub.store.outbound.delete_event_type(who.org.id, direction, name)
    return Response(b"", 204)


async def _check_schema(schema: Any, example: Any) -> None:
    try:
        compiled = await compiled_schema(schema)
    except Invalid as error:
        problems = tuple(Problem(f"/schema{each.pointer}", each.message) for each in error.problems)
        raise Invalid(error.detail, problems) from error
    if example is None:
        return
    problems = tuple(Problem(f"/example{each.pointer}", each.message) for each in compiled.problems(example))
    if problems:
        raise Invalid("the example does not match the schema", problems)
