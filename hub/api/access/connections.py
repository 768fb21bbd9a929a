"""Connections: an org's secrets for calling out. Values are write-only; only the action that names one sees them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.web.auth import caller, requires
from hub.api.web.bodies import model_body
from hub.api.web.paging import whole_list
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import services
from hub.errors import Conflict, Invalid, NotFound, Problem
from hub.model.ids import Id, write_id
from hub.model.stored.access import ConnectionRecord

__all__ = ["ConnectionInput", "NewConnectionInput", "blueprint"]

blueprint = Blueprint("connections", __name__, url_prefix="/api/connections")
tag_blueprint(blueprint, {"connections"})

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
FieldValue = Annotated[str, Field(max_length=65_536)]


class ConnectionInput(BaseModel):
    """What a connection holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[str, Field(max_length=100)] = Field(
        default="secret", description="What it is for: slack, github, …"
    )
    values: dict[Name, FieldValue] = Field(
        min_length=1, max_length=50, description="Field -> value, read in a node as connections.NAME.field; write-only."
    )


class NewConnectionInput(ConnectionInput):
    """A new connection."""

    name: Name = Field(description="As nodes write it: connections.NAME.")


def connection_view(record: ConnectionRecord) -> dict[str, Any]:
    """A connection without its values."""
    return {
        "id": write_id("con", record.id),
        "name": record.name,
        "kind": record.kind,
        "fields": list(record.fields),
        "created": instant_text(record.created),
        "updated": instant_text(record.updated),
    }


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """Connections of the org by name, without their values."""
    found = await services().store.access.connections(caller().org.id)
    return answer(whole_list([connection_view(one) for one in found]))


@blueprint.get("/<name>")
@requires("view")
async def show(name: str) -> Response:
    """One connection without its values."""
    return answer(connection_view(await _find(caller().org.id, name)))


@blueprint.post("")
@document_request(NewConnectionInput)
@requires("edit")
async def create() -> Response:
    """Create a connection; 409 when the name is taken."""
    hub, who = services(), caller()
    data = await model_body(NewConnectionInput)
    if any(one.name == data.name for one in await hub.store.access.connections(who.org.id)):
        raise Conflict(f"there is a connection {data.name} already; PUT /api/connections/{data.name} replaces it")
    record = await hub.store.access.put_connection(who.org.id, data.name, data.kind, data.values)
    return answer(connection_view(record), 201)


@blueprint.put("/<name>")
@document_request(ConnectionInput)
@requires("edit")
async def put(name: str) -> Response:
    """Create or replace a connection, all its values with it."""
    hub, who = services(), caller()
    data = await model_body(ConnectionInput)
    if not (name.isascii() and name.isidentifier() and len(name) <= 100):
        raise Invalid("the name cannot be used", (Problem("/name", "letters, digits and _, no digit first"),))
    record = await hub.store.access.put_connection(who.org.id, name, data.kind, data.values)
    return answer(connection_view(record))


@blueprint.delete("/<name>")
@requires("edit")
async def delete(name: str) -> Response:
    """Delete a connection; nodes that name it fail from now on."""
    await services().store.access.delete_connection(caller().org.id, name)
    return Response(b"", 204)


async def _find(org: Id, name: str) -> ConnectionRecord:
    for one in await services().store.access.connections(org):
        if one.name == name:
            return one
    raise NotFound(f"there is no connection {name[:100]}")
