"""Actions that nodes can run, with the JSON Schemas of their settings."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import tag_blueprint

from hub.api.web.auth import requires
from hub.api.web.paging import whole_list
from hub.api.web.rendering import answer
from hub.api.web.services import services
from hub.sdk.action import Action

__all__ = ["blueprint"]

blueprint = Blueprint("actions", __name__, url_prefix="/api/actions")
tag_blueprint(blueprint, {"workflows"})


def _view(action: Action) -> dict[str, Any]:
    return {
        "name": action.name,
        "summary": action.summary,
        "pure": action.pure,
        "input": action.input.model_json_schema(by_alias=True),
    }


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the actions of the core and of active plugins by name."""
    actions = services().plugins.actions
    return answer(whole_list([_view(one) for one in actions.values()], lambda one: (one["name"],)))
