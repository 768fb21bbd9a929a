"""Requests and events as the API shows them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from hub.api.web.rendering import instant_text, json_or_bytes, optional_id
from hub.inbound.replay.judge import Judgement
from hub.model.ids import Id, write_id
from hub.model.stored.execution import ExecutionRecord
from hub.model.stored.files import FileRecord, file_view
from hub.model.stored.inbound import EventRecord, RequestRecord

__all__ = ["event_view", "executions_view", "judgement_view", "request_summary", "request_view"]


def request_summary(record: RequestRecord) -> dict[str, Any]:
    """A request of a list."""
    return {
        "id": write_id("req", record.id),
        "source": write_id("src", record.source),
        "state": record.state,
        "step": record.step,
        "reason": record.reason,
        "status": record.status or None,
        "received": instant_text(record.received),
        "method": record.method,
        "url": record.url,
        "client": record.client,
        "dialect": record.dialect,
        "vendor": record.vendor,
        "size": record.size,
        "sha256": record.digest,
        "account": record.account,
        "secret": optional_id("sec", record.secret),
        "replay_of": optional_id("req", record.replay_of),
    }


def request_view(
    record: RequestRecord,
    events: Sequence[EventRecord],
    executions: Sequence[ExecutionRecord],
    files: Sequence[FileRecord],
) -> dict[str, Any]:
    """A single request: with its headers in order, its exact body, its events, executions and files."""
    body = record.body or b""
    view = request_summary(record)
    view["headers"] = [[name, value] for name, value in record.headers]
    view["body"] = _text(body)
    view["body_base64"] = base64.b64encode(body).decode()
    view["truncated"] = len(body) < record.size
    view["events"] = [event_view(event, whole=False) for event in events]
    view["executions"] = [
        {"id": write_id("exec", one.id), "workflow": write_id("wf", one.workflow), "state": one.state}
        for one in executions
    ]
    view["files"] = [file_view(one) for one in files]
    return view


def event_view(record: EventRecord, *, whole: bool = True) -> dict[str, Any]:
    """An event. A single one (`whole`) has its data."""
    view = {
        "id": write_id("evt", record.id),
        "type": record.type,
        "key": record.key,
        "account": record.account,
        "state": record.state,
        "reason": record.reason,
        "control": record.control,
        "time": instant_text(record.time),
        "received": instant_text(record.received),
        "source": write_id("src", record.source),
        "request": write_id("req", record.request),
    }
    if whole:
        view["data"] = json_or_bytes(record.data)
    return view


def executions_view(started: Sequence[tuple[Id, Id]]) -> list[dict[str, Any]]:
    """Executions that a replay started, given as (workflow, execution)."""
    return [
        {"id": write_id("exec", execution), "workflow": write_id("wf", workflow)} for workflow, execution in started
    ]


def judgement_view(judgement: Judgement, request: str) -> dict[str, Any]:
    """The verdict of now on the refused `request`, and what it led to; `id` is null where it failed."""
    passed = judgement.request is not None
    return {
        "id": optional_id("req", judgement.request),
        "replay_of": request,
        "released": False,
        "verdict": "pass" if passed else "fail",
        "reason": "" if passed else judgement.steps[-1].detail,
        "steps": [
            {"step": one.step, "check": one.check, "result": "pass" if one.passed else "fail", "detail": one.detail}
            for one in judgement.steps
        ],
        "duplicate": judgement.duplicate,
        "executions": executions_view(judgement.executions),
    }


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
