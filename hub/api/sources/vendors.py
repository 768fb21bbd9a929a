"""Vendors: what their sources need, and the guides to their consoles."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import tag_blueprint

from hub.api.web.auth import requires
from hub.api.web.paging import whole_list
from hub.api.web.rendering import answer
from hub.api.web.services import services
from hub.errors import NotFound
from hub.model.wire.secret import Credential
from hub.sdk.vendor import Vendor

__all__ = ["blueprint"]

blueprint = Blueprint("vendors", __name__, url_prefix="/api/vendors")
tag_blueprint(blueprint, {"plugins"})


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the vendors of the active plugins by name, without the guides."""
    found = services().plugins.vendors
    return answer(whole_list([_view(one) for one in found.values()], lambda one: (one["name"],)))


@blueprint.get("/<vendor>")
@requires("view")
async def show(vendor: str) -> Response:
    """Show a vendor with its guide, in Markdown. `GET /api/sources/{source}/guide` fills in the address of a source."""
    found = services().plugins.vendor(vendor)
    if found is None:
        raise NotFound(f"no active plugin provides the vendor {vendor[:100]!r}")
    return answer(_view(found) | {"guide": found.guide})


def _view(vendor: Vendor) -> dict[str, Any]:
    return {
        "name": vendor.name,
        "title": vendor.title,
        "plugin": services().plugins.plugin_of(vendor.name),
        "credentials": [_credential(one) for one in vendor.credentials],
        "settings": None if vendor.settings is None else vendor.settings.model_json_schema(),
        "covers": _covers(vendor),
        "methods": list(vendor.methods),
        "hosts": list(vendor.hosts),
        "max_body_bytes": vendor.max_body,
        "max_events": vendor.max_events,
        "deadline_seconds": vendor.deadline,
        "answers_handshakes": vendor.challenge is not None,
        "actions": [one.name for one in vendor.actions],
    }


def _credential(one: Credential) -> dict[str, Any]:
    return {
        "slot": one.slot,
        "title": one.title,
        "kind": one.kind,
        "public": one.public,
        "origin": one.origin,
        "required": one.required,
    }


def _covers(vendor: Vendor) -> str | None:
    """What the scheme of a source with default settings covers; None if it needs other settings."""
    try:
        return vendor.scheme_for(None if vendor.settings is None else vendor.settings()).covers
    except Exception:  # noqa: BLE001 - a plugin's code, and its settings may have no defaults
        return None
