"""The audit log: every management change, who made it and to what; never a secret.

Each answer below 400 to a call that changes something is noted, whatever the route: a new route needs nothing of its
own. What was sent is noted by the names of its fields only.
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
"""Endpoints of POST routes that change nothing an operator has set up."""

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MOST_FIELDS = 50


def install(app: Quart) -> None:
    """Note every change made through the application's routes."""
    app.after_request(_note)


@blueprint.get("")
@requires("admin")
async def index() -> Response:
    """Management changes, newest first."""
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


async def _note(response: Response) -> Response:
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
        log.exception("a change is not in the audit log", action=endpoint, target=entry.target)
    return response


async def _target(response: Response) -> str:
    """What was changed: the id in the path, or that of the thing just made."""
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
