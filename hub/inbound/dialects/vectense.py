"""Vectense: `POST /api/webhook/{workspace}/{workflow}?key=…` (docs/reference/wire.md). The workspace is the org."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from hub.errors import Reject
from hub.inbound.dialects.payloads import form_object
from hub.model.stored.source import SHARED_KEY_SLOT
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.values import Values
from hub.sdk.dialect import Dialect, DialectRoute, DialectTarget, ParsedBody, Receipt, Refusal

__all__ = ["VECTENSE"]

_INVALID_KEY = "Invalid shared key"
_ERRORS = {
    400: "Invalid request format",
    401: _INVALID_KEY,
    403: "Forbidden",
    404: "Workflow is not published",
    405: "Method not allowed",
    408: "Request body did not arrive in time",
    413: "Request too large",
    429: "Rate limit exceeded",
    503: "Service unavailable",
}


def _target(params: Mapping[str, str], query: Values[str]) -> DialectTarget:
    keys = query.all("key")
    return DialectTarget(workflow=params["workflow"], org=params["org"], secret=keys[0] if len(keys) == 1 else None)


def _parse(request: Request) -> ParsedBody:
    """JSON if the media type says so or the body is JSON, the fields of a multipart form, else the text."""
    if not request.body:
        return ParsedBody((None,))
    if request.media_type == "multipart/form-data":
        with suppress(Reject):
            return ParsedBody((form_object(request),))
    try:
        return ParsedBody((request.json(),))
    except Reject as reject:
        if request.media_type == "application/json" or request.media_type.endswith("+json"):
            raise Reject("Invalid request format", 400) from reject
    try:
        return ParsedBody((request.text,))
    except Reject as reject:
        raise Reject("Invalid request format", 400) from reject


def _accepted(receipt: Receipt) -> Reply:
    return Reply(200, {"status": "accepted", "workflow_started": bool(receipt.started)})


def _refused(refusal: Refusal) -> Reply:
    if refusal.check == "internal":
        return Reply(500, {"error": "Internal server error"})
    status = 403 if refusal.check == "enabled" else refusal.status
    error = refusal.public if refusal.check in {"events", "files"} else _ERRORS.get(status) or refusal.public
    return Reply(status, {"error": error or "Request refused"})


VECTENSE = Dialect(
    name="vectense",
    title="Vectense",
    routes=(DialectRoute("/api/webhook/<org>/<workflow>", ("POST",)),),
    target=_target,
    slot=SHARED_KEY_SLOT,
    parse=_parse,
    accepted=_accepted,
    refused=_refused,
    urls={"vectense": "{base}/api/webhook/{org}/{workflow}?key={key}"},
)
