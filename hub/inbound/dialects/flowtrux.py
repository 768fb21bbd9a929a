"""FlowTrux: `POST /api/webhooks/{workflow_id}`, signed with the source's HMAC secret (docs/reference/wire.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Reject
from hub.inbound.dialects.payloads import json_or_form, pairs_to_dict
from hub.model.ids import base62
from hub.model.stored.source import HMAC_SLOT
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.values import Values
from hub.sdk.dialect import Dialect, DialectRoute, DialectTarget, ParsedBody, Receipt, Refusal

__all__ = ["FLOWTRUX"]

_ERRORS = {
    401: "Invalid signature",
    403: "Forbidden",
    404: "Workflow not found",
    405: "Method not allowed",
    413: "Request body too large",
    429: "Too many requests",
    503: "Temporarily unavailable",
}


def _target(params: Mapping[str, str], _query: Values[str]) -> DialectTarget:
    return DialectTarget(workflow=params["workflow"])


def _parse(request: Request) -> ParsedBody:
    try:
        return ParsedBody((json_or_form(request),))
    except Reject as reject:
        raise Reject("Invalid JSON payload", 400) from reject


def _present(payload: Any, request: Request) -> Any:
    """The payload with the query as its member `_query`; a payload that is not an object becomes the member `_body`."""
    query = pairs_to_dict(request.query.pairs)
    return {**payload, "_query": query} if isinstance(payload, dict) else {"_body": payload, "_query": query}


def _accepted(receipt: Receipt) -> Reply:
    ids = [f"exec-{base62(started.execution)}" for started in receipt.started]
    body: dict[str, Any] = {"success": True, "executionId": ids[0] if ids else None}
    if len(ids) > 1:
        body["executionIds"] = ids
    return Reply(200, body)


def _refused(refusal: Refusal) -> Reply:
    status = 403 if refusal.check == "enabled" else refusal.status
    error = refusal.public or _ERRORS.get(status, "Request refused")
    return Reply(status, {"success": False, "error": error})


FLOWTRUX = Dialect(
    name="flowtrux",
    title="FlowTrux",
    routes=(DialectRoute("/api/webhooks/<workflow>", ("POST",)),),
    target=_target,
    slot=HMAC_SLOT,
    carried="signature",
    parse=_parse,
    present=_present,
    accepted=_accepted,
    refused=_refused,
    urls={"flowtrux": "{base}/api/webhooks/{workflow}"},
)
