"""VibeIQ: `POST /api/trigger-webhooks/{id}`, also under `/prod/api` (docs/reference/wire.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Reject
from hub.inbound.dialects.payloads import json_or_form
from hub.model.ids import short_id, write_id
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.values import Values
from hub.sdk.dialect import Dialect, DialectRoute, DialectTarget, ParsedBody, Receipt, Refusal, StartedExecution

__all__ = ["VIBEIQ"]

_MESSAGES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Webhook not found",
    405: "Method not allowed",
    413: "Payload too large",
    429: "Too many requests",
    503: "Service unavailable",
}


def _target(params: Mapping[str, str], _query: Values[str]) -> DialectTarget:
    return DialectTarget(source=params["source"])


def _parse(request: Request) -> ParsedBody:
    try:
        return ParsedBody((json_or_form(request),))
    except Reject as reject:
        if request.media_type == "application/json":
            raise Reject("Invalid JSON body", 400) from reject
    try:
        return ParsedBody((request.body.decode(),))
    except UnicodeDecodeError as error:
        raise Reject("The body is neither JSON nor UTF-8 text", 400) from error


def _process(receipt: Receipt, started: StartedExecution) -> dict[str, Any]:
    created = receipt.request.received.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "eventWorkflowTemplateId": short_id(started.workflow),
        "status": "PENDING",
        "triggerEvent": receipt.payload,
        "taskOutputs": {},
        "createdOn": created,
        "updatedOn": created,
        "orgId": short_id(receipt.source.org),
        "id": short_id(started.execution),
        "eventWorkflowTaskIds": [short_id(started.execution + started.workflow)],
        "executionId": write_id("exec", started.execution),
        "workflowId": write_id("wf", started.workflow),
    }


def _accepted(receipt: Receipt) -> Reply:
    return Reply(200, [_process(receipt, started) for started in receipt.started])


def _refused(refusal: Refusal) -> Reply:
    status = 403 if refusal.check == "enabled" else refusal.status
    return Reply(status, {"message": refusal.public or _MESSAGES.get(status, "Request refused")})


VIBEIQ = Dialect(
    name="vibeiq",
    title="VibeIQ",
    routes=(
        DialectRoute("/api/trigger-webhooks/<source>", ("POST",)),
        DialectRoute("/prod/api/trigger-webhooks/<source>", ("POST",)),
    ),
    target=_target,
    slot=None,
    parse=_parse,
    accepted=_accepted,
    refused=_refused,
    urls={"vibeiq": "{base}/api/trigger-webhooks/{source}"},
)
