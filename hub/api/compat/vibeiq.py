"""VibeIQ's webhook routes at `/api/webhooks` and `/prod/api/webhooks` (docs/reference/wire.md).

A webhook of VibeIQ is a shared, open source of the hub, known by its short id.
"""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import document_request, tag_blueprint

from hub.api.sources.source_input import SourceInput
from hub.api.sources.sources import change_source, create_source, delete_source
from hub.api.web.auth import Caller, caller, requires
from hub.api.web.bodies import json_object, model_of
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import Services, services
from hub.errors import NotFound
from hub.inbound.source_lookup import source_named
from hub.model.ids import short_id
from hub.model.stored.source import SourceRecord

__all__ = ["blueprint"]

blueprint = Blueprint("vibeiq", __name__)
tag_blueprint(blueprint, {"vibeiq"})

_PREFIXES = ("/api", "/prod/api")


def _view(record: SourceRecord) -> dict[str, Any]:
    by = short_id(record.created_by or record.org)
    return {
        "createdOn": instant_text(record.created),
        "updatedOn": instant_text(record.updated),
        "createdById": by,
        "updatedById": by,
        "orgId": short_id(record.org),
        "id": short_id(record.id),
    }


def _find(text: str, hub: Services, who: Caller) -> SourceRecord:
    found = source_named(hub.store.snapshot, text)
    record = hub.store.snapshot.sources.get(found) if found is not None else None
    if record is None or record.org != who.org.id or record.workflow is not None:
        raise NotFound(f"no webhook {text[:60]}")
    return record


@document_request(SourceInput)
@requires("edit")
async def create() -> Response:
    """Create a webhook. The body may be empty or have fields of a source."""
    hub, who = services(), caller()
    data = model_of(SourceInput, {"open": True, **await json_object()})
    record = await create_source(data, hub, who)
    return answer(_view(record), generation=record.generation)


@requires("view")
async def index() -> Response:
    """List the webhooks of the org, newest first, as an array."""
    sources = (one for one in services().store.snapshot.sources.values() if one.org == caller().org.id)
    shared = sorted((one for one in sources if one.workflow is None), key=lambda one: one.id, reverse=True)
    return answer([_view(one) for one in shared])


@requires("view")
async def show(webhook: str) -> Response:
    """Show a webhook."""
    record = _find(webhook, services(), caller())
    return answer(_view(record), generation=record.generation)


@document_request(SourceInput)
@requires("edit")
async def change(webhook: str) -> Response:
    """Replace the fields of the source that are given, in one commit."""
    hub, who = services(), caller()
    record = await change_source(lambda: _find(webhook, hub, who), await json_object(), hub)
    return answer(_view(record), generation=record.generation)


@requires("edit")
async def delete(webhook: str) -> Response:
    """Delete a webhook."""
    hub, who = services(), caller()
    await delete_source(lambda: _find(webhook, hub, who), hub)
    return Response(b"", 204)


for _number, _prefix in enumerate(_PREFIXES):
    _name = "" if _number == 0 else "_prod"
    blueprint.add_url_rule(f"{_prefix}/webhooks", f"create{_name}", create, methods=["POST"])
    blueprint.add_url_rule(f"{_prefix}/webhooks", f"index{_name}", index, methods=["GET"])
    blueprint.add_url_rule(f"{_prefix}/webhooks/<webhook>", f"show{_name}", show, methods=["GET"])
    blueprint.add_url_rule(f"{_prefix}/webhooks/<webhook>", f"change{_name}", change, methods=["PATCH"])
    blueprint.add_url_rule(f"{_prefix}/webhooks/<webhook>", f"delete{_name}", delete, methods=["DELETE"])
