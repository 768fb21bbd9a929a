"""Connections: an org's secrets for outgoing calls. Values are write-only: only an action that names one gets them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
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
from hub.model.masking import NOTHING_STORED, is_mask
from hub.model.stored.access import ConnectionRecord

__all__ = ["ConnectionInput", "NewConnectionInput", "blueprint"]

blueprint = Blueprint("connections", __name__, url_prefix="/api/connections")
tag_blueprint(blueprint, {"connections"})

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
FieldValue = Annotated[str, Field(max_length=65_536)]


class ConnectionInput(BaseModel):
    """The content of a connection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[str, Field(max_length=100)] = Field(
        default="secret", description="Purpose, such as slack or github."
    )
    values: dict[Name, FieldValue] = Field(
        min_length=1,
        max_length=50,
        description="Values by field; a node refers to one as connections.NAME.field. Write-only.",
    )


class NewConnectionInput(ConnectionInput):
    """A new connection."""

    name: Name = Field(description="Name by which nodes refer to it: connections.NAME.")


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
    """List the connections of the org by name, without their values."""
    found = await services().store.access.connections(caller().org.id)
    return answer(whole_list(map(connection_view, found), lambda one: (one["name"],)))


@blueprint.get("/<name>")
@requires("view")
async def show(name: str) -> Response:
    """Show a connection without its values."""
    return answer(connection_view(await _find(caller().org.id, name)))


@blueprint.post("")
@document_request(NewConnectionInput)
@requires("edit")
async def create() -> Response:
    """Create a connection; 409 if the name is taken."""
    hub, who = services(), caller()
    data = await model_body(NewConnectionInput)
    if any(one.name == data.name for one in await hub.store.access.connections(who.org.id)):
        raise Conflict(f"a connection named {data.name} exists; PUT /api/connections/{data.name} replaces it")
    values = _unmasked(data.values, {})
    record = await hub.store.access.put_connection(who.org.id, data.name, data.kind, values)
    return answer(connection_view(record), 201)


@blueprint.put("/<name>")
@document_request(ConnectionInput)
@requires("edit")
async def put(name: str) -> Response:
    """Create a connection, or replace it with all its values. A masked value stays as it is."""
    hub, who = services(), caller()
    data = await model_body(ConnectionInput)
    if not (name.isascii() and name.isidentifier() and len(name) <= 100):
        raise Invalid(
            "the name is invalid", (Problem("/name", "must be letters, digits and _, and not begin with a digit"),)
        )
    stored: Mapping[str, str] = {}
    if any(is_mask(value) for value in data.values.values()):
        with suppress(NotFound):
            stored = await hub.store.access.connection_values(who.org.id, name)
    record = await hub.store.access.put_connection(who.org.id, name, data.kind, _unmasked(data.values, stored))
    return answer(connection_view(record))


@blueprint.delete("/<name>")
@requires("edit")
async def delete(name: str) -> Response:
    """Delete a connection. Nodes that refer to it fail from now on."""
    await services().store.access.delete_connection(caller().org.id, name)
    return Response(b"", 204)


def _unmasked(values: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """The values, with the stored one for each mask. Raises `Invalid` where nothing is stored."""
    unknown = [name for name, value in values.items() if is_mask(value) and name not in stored]
    if unknown:
        raise Invalid("a mask is not a secret", tuple(Problem(f"/values/{name}", NOTHING_STORED) for name in unknown))
    return {name: stored[name] if is_mask(value) else value for name, value in values.items()}


async def _find(org: Id, name: str) -> ConnectionRecord:
    for one in await services().store.access.connections(org):
        if one.name == name:
            return one
    raise NotFound(f"there is no connection named {name[:100]}")
