"""The catalog as an OpenAPI 3.1 document with `webhooks`, for generators and documentation tools."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from quart import Blueprint, Response, request
from quart_schema import tag_blueprint

import hub
from hub.api.web.arguments import choice_argument
from hub.api.web.auth import caller, requires
from hub.api.web.rendering import answer
from hub.api.web.services import services
from hub.model.wire.event_type import Direction, EventType

__all__ = ["blueprint", "webhooks_document"]

blueprint = Blueprint("webhooks_export", __name__, url_prefix="/api/event-types")
tag_blueprint(blueprint, {"event types"})

_HEADERS = {
    "webhook-id": "Id of the message, the same in every attempt.",
    "webhook-timestamp": "Time of this attempt, in seconds since 1970.",
    "webhook-signature": "Signatures, separated by spaces (Standard Webhooks).",
}


@blueprint.get("/openapi.json")
@requires("view")
async def export() -> Response:
    """Export the event types that the hub sends (or, with `direction=in`, receives) as OpenAPI 3.1 `webhooks`."""
    direction = choice_argument("direction", get_args(Direction))
    vendor = request.args.get("vendor")
    types = services().outbound.catalog.types(caller().org.id, "in" if direction == "in" else "out")
    return answer(webhooks_document(one for one in types if vendor in (None, one.vendor)))


def webhooks_document(types: Iterable[EventType]) -> dict[str, Any]:
    """An OpenAPI 3.1 document. It describes outgoing types in the envelope of the scheme `standard`."""
    webhooks: dict[str, Any] = {}
    for one in types:
        name = _name(one) if _name(one) not in webhooks else f"{_name(one)}@{one.version}"
        webhooks[name] = {"post": _operation(one, name)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Events of the integration hub", "version": hub.__version__},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "webhooks": webhooks,
    }


def _name(one: EventType) -> str:
    return one.name if one.vendor is None or one.direction == "out" else f"{one.vendor}/{one.name}"


def _operation(one: EventType, name: str) -> dict[str, Any]:
    body: dict[str, Any] = {"schema": _sent(one) if one.direction == "out" else _schema(one)}
    if one.example is not None:
        body["example"] = _example(one)
    operation: dict[str, Any] = {
        "operationId": f"{one.direction}.{name}",
        "summary": one.summary or one.name,
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {"2XX": {"description": "Received."}},
    }
    if one.vendor is not None:
        operation["tags"] = [one.vendor]
    if one.direction == "out":
        operation["parameters"] = [
            {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
            for name, text in _HEADERS.items()
        ]
    return operation


def _sent(one: EventType) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": one.name},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": _schema(one),
        },
    }


def _example(one: EventType) -> Any:
    if one.direction == "in":
        return one.example
    return {"type": one.name, "timestamp": "2026-01-01T12:00:00Z", "data": one.example}


def _schema(one: EventType) -> Any:
    """The type's schema with an id, so that its references stay within it."""
    if not isinstance(one.schema, dict):
        return True if one.schema is None else one.schema
    return {"$id": f"urn:hub:event-type:{one.direction}:{one.vendor or ''}:{one.name}:{one.version}"} | one.schema
