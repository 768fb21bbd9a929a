"""Reads a webhook: one thin event that names what happened to which object.

The payload is `{cuid, actorCuid, event, targetCuid or targetCuids, targetType, text}` and clientId, reportId,
findingId, assessmentId where they apply (api-documentation/webhooks/webhook-payload-structure). `cuid` is unique to a
webhook request, and a retry has the same. The webhooks of workflow automations hold ids only: nothing tells two of them
apart.
"""

from __future__ import annotations

from typing import Any

from hub import Event, Reject, Request, Source
from hub_plextrac.settings import PlexTracSettings

__all__ = ["AUTOMATION_FINDING", "AUTOMATION_REPORT", "TEST_EVENT", "read"]

AUTOMATION_REPORT = "WorkflowAutomationReport"
"""Our name of the webhook of a workflow automation on a report: `{clientId, reportId}` without `event`."""
AUTOMATION_FINDING = "WorkflowAutomationFinding"
"""The same on a finding: `{clientId, reportId, findingId}`."""

TEST_EVENT = "testWebhook"
"""The event by which PlexTrac tests a connection."""


def read(request: Request, source: Source) -> tuple[Event, ...]:
    """The event of a webhook.

    Raises:
        Reject: Status 400: the body is not a webhook of PlexTrac.
    """
    payload = request.json()
    name = _name(payload) if isinstance(payload, dict) else None
    if name is None:
        raise Reject("the body has no text in `event`, which webhooks of PlexTrac have", 400)
    settings = source.settings
    return (
        Event(
            name,
            payload,
            id=_text(payload.get("cuid")),
            account=settings.instance if isinstance(settings, PlexTracSettings) else None,
            control=name == TEST_EVENT,
        ),
    )


def _name(payload: dict[str, Any]) -> str | None:
    """The event's name; webhooks of a workflow automation name only what they are about."""
    if "event" in payload:
        return _text(payload["event"])
    if not all(_is_id(payload.get(name)) for name in ("clientId", "reportId")):
        return None
    return AUTOMATION_FINDING if _is_id(payload.get("findingId")) else AUTOMATION_REPORT


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
