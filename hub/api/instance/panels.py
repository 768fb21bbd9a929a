"""Pages of plugins for operators, at `/panels/NAME`: first a form that asks for a key, then the page."""

from __future__ import annotations

from quart import Blueprint, Response, request
from quart_schema import hide

from hub.api.web.auth import Unauthorized, authenticated
from hub.api.web.pages import html
from hub.api.web.services import services
from hub.errors import Forbidden, HubError, NotFound
from hub.plugins.clock import RequestClock
from hub.sdk.registry import Panel

__all__ = ["blueprint"]

blueprint = Blueprint("panels", __name__)

_SECONDS = 10.0
"""Longest time for rendering a page."""


@blueprint.get("/panels/<name>")
@hide
async def page(name: str) -> Response:
    """The form that asks for a key."""
    return _page(_panel(name))


@blueprint.post("/panels/<name>")
@hide
async def show(name: str) -> Response:
    """The page of the plugin, for a key that manages the instance."""
    panel = _panel(name)
    try:
        authenticated(str((await request.form).get("key", "")).strip(), None).require("operate")
    except (Unauthorized, Forbidden) as error:
        return _page(panel, fault=str(error), status=401 if isinstance(error, Unauthorized) else 403)
    try:
        body = await services().plugins.render(panel, RequestClock(_SECONDS))
    except HubError as error:
        return _page(panel, fault=str(error), status=503)
    return _page(panel, body=body)


def _panel(name: str) -> Panel:
    panel = services().plugins.panels.get(name)
    if panel is None:
        raise NotFound(f"no active plugin provides the page {name[:60]!r}")
    return panel


def _page(panel: Panel, *, body: str = "", fault: str = "", status: int = 200) -> Response:
    return html("panel.html", status, form_action="'self'", panel=panel, body=body, fault=fault)
