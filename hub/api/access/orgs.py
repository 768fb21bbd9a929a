"""Orgs, which are the tenants of the instance, and the caller's own org and role."""

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
from hub.model.ids import short_id, write_id
from hub.model.stored.access import OrgRecord

__all__ = ["OrgInput", "blueprint"]

blueprint = Blueprint("orgs", __name__, url_prefix="/api")
tag_blueprint(blueprint, {"orgs"})


class OrgInput(BaseModel):
    """A new org."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")] = Field(
        description="Slug, used in Vectense URLs and in X-Api-Org."
    )


def org_view(record: OrgRecord) -> dict[str, Any]:
    """An org as the API shows it."""
    return {
        "id": write_id("org", record.id),
        "short_id": short_id(record.id),
        "name": record.name,
        "created": instant_text(record.created),
    }


@blueprint.get("/orgs")
@requires("operate")
async def index() -> Response:
    """List the orgs of the instance by name."""
    orgs = services().store.snapshot.orgs.values()
    return answer(whole_list(map(org_view, orgs), lambda one: (one["name"],)))


@blueprint.post("/orgs")
@document_request(OrgInput)
@requires("operate")
async def create() -> Response:
    """Create an org. POST /api/keys with `X-Api-Org` creates keys for it."""
    data = await model_body(OrgInput)
    return answer(org_view(await services().store.access.create_org(data.name)), 201)


@blueprint.get("/me")
@requires("any")
async def me() -> Response:
    """Show the org and the role of the calling key."""
    who = caller()
    return answer(
        {
            "org": org_view(who.org),
            "key": {"id": write_id("key", who.key.id), "name": who.key.name, "role": who.key.role},
            "operator": who.key.operator,
        }
    )
