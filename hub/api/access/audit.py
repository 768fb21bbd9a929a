"""The audit log: every change through the management API, with the key that made it and without secrets.

The log has an entry for each call that may change something and was answered with a status below 400. This holds for
every route, so that a new route needs no code for it. Of the body, only the names of the fields are logged.
"""

from __future__ import annotations

from typing import Any

import structlog
from quart import Blueprint, Quart, Response, g, request
from quart_schema import tag_blueprint

from hub.api.web.auth import Caller, caller, requires
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.problems import request_id
from hub.api.web.rendering import answer, instant_text, optional_id
from hub.api.web.services import services
from hub.errors import HubError
from hub.model.ids import new_id, write_id
from hub.model.json import loads
from hub.model.stored.access import AuditEntry

__all__ = ["NO_CHANGE", "blueprint", "install"]

log = structlog.get_logger(__name__)

blueprint = Blueprint("audit", __name__, url_prefix="/api/audit")
tag_blueprint(blueprint, {"audit"})

NO_CHANGE = frozenset({"verify.explain", "subscriptions.verify", "messages.publish"})
"""Endpoints of POST routes that change nothing that an operator configures."""

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MOST_FIELDS = 50


def install(app: Quart) -> None:
    """Log every change made through the application's routes."""
    app.after_request(_log_change)


@blueprint.get("")
@requires("admin")
async def index() -> Response:
    """List the changes made through the management API, newest first."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    return answer(page_of(await hub.store.access.audit_log(who.org.id, limit=limit, cursor=cursor), _view))


def _view(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": write_id("aud", entry.id),
        "at": instant_text(entry.at),
        "key": optional_id("key", entry.key),
        "action": entry.action,
        "target": entry.target,
        "detail": dict(entry.detail),
    }


async def _log_change(response: Response) -> Response:
    who: Caller | None = g.get("caller")
    endpoint = request.endpoint or ""
    if who is None or request.method not in _CHANGING or response.status_code >= 400 or endpoint in NO_CHANGE:
        return response
    hub = services()
    entry = AuditEntry(
        org=who.org.id,
        id=new_id(),
        at=hub.clock.now(),
        key=who.key.id,
        action=endpoint,
        target=await _target(response),
        detail={"fields": await _fields(), "request": request_id()},
    )
    try:
        await hub.store.access.audit(entry)
    except HubError:
        log.exception("a change could not be written to the audit log", action=endpoint, target=entry.target)
    return response


async def _target(response: Response) -> str:
    """The changed object: the id in the path, or the id of the object that was created."""
    if request.view_args:
        return "/".join(str(part) for part in request.view_args.values())
    made = _object(await response.get_data(as_text=False))
    return str(made.get("id") or made.get("name") or "")


async def _fields() -> list[str]:
    return sorted(str(name)[:100] for name in _object(await request.get_data()))[:_MOST_FIELDS]


def _object(data: bytes | str) -> dict[str, Any]:
    try:
        value = loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
