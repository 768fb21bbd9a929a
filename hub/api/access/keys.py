"""API keys of an org, and the instance's master key."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.instance.job_view import job_view
from hub.api.web.auth import caller, key_digest, requires
from hub.api.web.bodies import model_body
from hub.api.web.paging import whole_list
from hub.api.web.rendering import answer, instant_text, path_id
from hub.api.web.services import services
from hub.errors import Forbidden, Invalid, Problem
from hub.jobs.rekey import rotation_order
from hub.model.ids import new_id, write_id
from hub.model.stored.access import KeyRecord, Role
from hub.model.times import to_micros

__all__ = ["KeyInput", "blueprint"]

blueprint = Blueprint("keys", __name__, url_prefix="/api")
tag_blueprint(blueprint, {"keys"})


class KeyInput(BaseModel):
    """A new API key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(max_length=200)] = ""
    role: Role = Field(
        description="admin: all of the org. editor: all but keys and audit. viewer: reads. publisher: publishes."
    )
    operator: bool = Field(default=False, description="Whether the key may manage the instance and act in every org.")
    expires: AwareDatetime | None = None


def key_view(record: KeyRecord) -> dict[str, Any]:
    """A key as the API shows it. The hub has only its hash."""
    return {
        "id": write_id("key", record.id),
        "name": record.name,
        "role": record.role,
        "operator": record.operator,
        "last4": record.last4,
        "created": instant_text(record.created),
        "expires": instant_text(record.expires),
        "revoked": instant_text(record.revoked),
    }


@blueprint.get("/keys")
@requires("admin")
async def index() -> Response:
    """List the keys of the org, newest first, including revoked ones."""
    found = await services().store.access.keys(caller().org.id)
    # Base62 has its small letters before the capitals: exchanged, texts are in the order of the ids, that of their age.
    return answer(whole_list(map(key_view, found), lambda one: (one["id"].swapcase(),), descending=True))


@blueprint.post("/keys")
@document_request(KeyInput)
@requires("admin")
async def create() -> Response:
    """Create a key. It is shown only in this answer."""
    hub, who = services(), caller()
    data = await model_body(KeyInput)
    now = hub.clock.now()
    if data.operator and not who.key.operator:
        raise Forbidden("only a key that manages the instance can create another one")
    expires = to_micros(data.expires) if data.expires else None
    if expires is not None and expires <= now:
        raise Invalid("the key would have expired already", (Problem("/expires", "must be in the future"),))
    key = f"hub_{secrets.token_urlsafe(32)}"
    record = KeyRecord(
        org=who.org.id,
        id=new_id(),
        name=data.name,
        role=data.role,
        digest=key_digest(key),
        last4=key[-4:],
        created=now,
        operator=data.operator,
        expires=expires,
    )
    await hub.store.access.create_key(record)
    return answer({**key_view(record), "key": key}, 201)


@blueprint.delete("/keys/<key>")
@requires("admin")
async def revoke(key: str) -> Response:
    """Revoke a key at once."""
    hub, who = services(), caller()
    await hub.store.access.revoke_key(who.org.id, path_id("key", key), hub.clock.now())
    return Response(b"", 204)


@blueprint.post("/master-key/rotate")
@requires("operate")
async def rotate_master() -> Response:
    """Begin a job that creates a new master key and encrypts everything again with it; 409 while one is running."""
    hub, who = services(), caller()
    return answer(job_view(await hub.jobs.begin(who.org.id, rotation_order()), hub), 202)
