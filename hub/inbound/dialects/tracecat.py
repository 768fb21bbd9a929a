"""Tracecat: `/webhooks/{workflow_id}/{secret}` with `/wait` and `/draft` (docs/reference/wire.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hub.errors import Reject
from hub.inbound.dialects.payloads import FORMS, form_object, switched_on
from hub.model.ids import write_id
from hub.model.json import dumps, loads
from hub.model.stored.source import URL_SLOT
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.model.wire.values import Values
from hub.sdk.dialect import (
    Dialect,
    DialectRoute,
    DialectTarget,
    ParsedBody,
    Receipt,
    Refusal,
    StartedExecution,
    WaitedReceipt,
)

__all__ = ["TRACECAT"]

NDJSON = frozenset({"application/x-ndjson", "application/jsonlines", "application/jsonl"})
_LINE = re.compile(rb"\S[^\n]*")

_UNAUTHORIZED = "Unauthorized webhook request"
_DETAILS = {
    "enabled": "Webhook is offline",
    "method": "Request method not allowed",
    "allowlist": _UNAUTHORIZED,
    "unpublished": "No workflow definition found for this webhook: publish the workflow first",
}


def _target(params: Mapping[str, str], _query: Values[str]) -> DialectTarget:
    return DialectTarget(workflow=params["workflow"], secret=params["secret"])


def parse(request: Request) -> ParsedBody:
    """Read a body as JSON unless the media type says that it is a form or NDJSON; an empty body is null.

    Raises:
        Reject: 400, with the sentence that Tracecat answers.
    """
    body = request.body
    media_type = request.media_type
    if not body:
        return ParsedBody((None,))
    if media_type in NDJSON:
        return ParsedBody(_lines(body), batch=True)
    if media_type in FORMS:
        return ParsedBody((_form(request),))
    try:
        return ParsedBody((request.json(),))
    except Reject as reject:
        raise Reject("Invalid json payload", 400) from reject


def _lines(body: bytes) -> Iterator[Any]:
    """The value of each line that is not blank, one at a time: there may be very many."""
    for line in _LINE.finditer(body.removeprefix(b"\xef\xbb\xbf")):
        try:
            yield loads(line.group())
        except ValueError as error:
            raise Reject("Invalid ndjson payload", 400) from error


def _form(request: Request) -> dict[str, Any]:
    try:
        return form_object(request)
    except Reject as reject:
        raise Reject("Invalid form data payload", 400) from reject


def _written(started: StartedExecution) -> str:
    return f"{write_id('wf', started.workflow)}/{write_id('exec', started.execution)}"


def _accepted(receipt: Receipt) -> Reply:
    workflow = receipt.source.workflow
    executions = [_written(started) for started in receipt.started]
    body: dict[str, Any] = {
        "message": "Workflow execution created",
        "wf_id": write_id("wf", workflow) if workflow is not None else None,
        "wf_exec_id": executions[-1] if executions else None,
    }
    if receipt.batch or len(executions) > 1:
        body["executions"] = executions
    return Reply(200, body)


def _refused(refusal: Refusal) -> Reply:
    detail = _DETAILS.get(refusal.check) or refusal.public
    if not detail:
        detail = _UNAUTHORIZED if refusal.status in {401, 403} else "Webhook request could not be processed"
    if refusal.check == "enabled":
        return Reply(400, {"detail": detail})
    return Reply(refusal.status, {"detail": detail})


def _waited(waited: WaitedReceipt) -> Reply:
    receipt = waited.receipt
    unwrap = switched_on(receipt.request.query, "unwrap")
    if not waited.executions:
        return Reply(200, dumps(None if unwrap else {"kind": "value", "value": None}), media_type="application/json")
    answers: list[Any] = []
    for number, execution in enumerate(waited.executions):
        if execution is None:
            return _pending(waited)
        if execution.state != "succeeded":
            return _failed(waited, number)
        envelope = waited.envelopes[number] if waited.envelopes else None
        if envelope is not None and unwrap:
            return Reply(413, {"detail": dict(envelope)})
        value = execution.result
        answers.append(
            value if unwrap else dict(envelope) if envelope is not None else {"kind": "value", "value": value}
        )
    body = answers if receipt.batch or len(answers) > 1 else answers[0]
    return Reply(200, dumps(body), media_type="application/json")


def _pending(waited: WaitedReceipt) -> Reply:
    started = waited.receipt.started
    return Reply(
        202,
        {
            "message": "Workflow execution still running",
            "wf_exec_id": _written(started[-1]),
            "status_url": waited.status_urls[-1],
            "status_urls": list(waited.status_urls),
        },
        {"location": waited.status_urls[-1], "retry-after": "1"},
    )


def _failed(waited: WaitedReceipt, number: int) -> Reply:
    execution = waited.executions[number]
    error = execution.error if execution is not None else None
    return Reply(
        500,
        {
            "detail": {
                "message": f"Workflow execution {execution.state}" if execution is not None else "",
                "wf_exec_id": _written(waited.receipt.started[number]),
                "node": error.node if error is not None else None,
                "error": error.message if error is not None else None,
            }
        },
    )


TRACECAT = Dialect(
    name="tracecat",
    title="Tracecat",
    routes=(
        DialectRoute("/webhooks/<workflow>/<secret>"),
        DialectRoute("/webhooks/<workflow>/<secret>/wait", ("POST",), "wait"),
        DialectRoute("/webhooks/<workflow>/<secret>/draft", ("POST",), "draft"),
    ),
    target=_target,
    slot=URL_SLOT,
    ipv4_only=True,
    parse=parse,
    accepted=_accepted,
    refused=_refused,
    waited=_waited,
    echoes=True,
    urls={
        "tracecat": "{base}/webhooks/{workflow}/{secret}",
        "tracecat_wait": "{base}/webhooks/{workflow}/{secret}/wait",
    },
)
