"""Plugins: list them with their state, disable and enable one while the hub runs."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import tag_blueprint

from hub.api.web.auth import caller, requires
from hub.api.web.paging import whole_list
from hub.api.web.rendering import answer
from hub.api.web.services import services
from hub.plugins.status import PluginStatus

__all__ = ["blueprint", "plugin_view"]

blueprint = Blueprint("plugins", __name__, url_prefix="/api/plugins")
tag_blueprint(blueprint, {"plugins"})


def plugin_view(status: PluginStatus) -> dict[str, Any]:
    """A plugin as the API shows it."""
    return {
        "name": status.name,
        "distribution": status.distribution,
        "version": status.version,
        "status": status.status,
        "reason": status.reason,
        "adds": {kind: list(names) for kind, names in status.adds.items()},
    }


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List all installed plugins; a broken one has the reason.

    Failures of an active plugin may concern other orgs, so only keys that manage the instance see them.
    """
    items = [plugin_view(status) for status in services().plugins.statuses()]
    if not caller().may("operate"):
        items = [one | {"reason": ""} if one["status"] == "active" else one for one in items]
    return answer(whole_list(items, lambda one: (one["name"],)))


@blueprint.post("/<name>/disable")
@requires("operate")
async def disable(name: str) -> Response:
    """Disable a plugin. Its sources answer 503 until it is enabled again."""
    hub = services()
    hub.plugins.disable(name)
    await hub.store.access.set_plugin(name, disabled=True)
    return answer(_one(name))


@blueprint.post("/<name>/enable")
@requires("operate")
async def enable(name: str) -> Response:
    """Enable a plugin again."""
    hub = services()
    hub.plugins.enable(name)
    await hub.store.access.set_plugin(name, disabled=False)
    return answer(_one(name))


def _one(name: str) -> dict[str, Any]:
    return next(plugin_view(status) for status in services().plugins.statuses() if status.name == name)
