"""The paths in PlexTrac's API of the objects that webhooks are about (api-docs.plextrac.com)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from hub import ActionFailed

__all__ = ["ApiPath", "ObjectKind", "ReportLookup", "kind_of", "path_of", "report_path"]

ObjectKind = Literal["report", "finding", "assessment", "engagement"]
"""The kinds of objects that the action gets."""

_ABOUT: Mapping[str, ObjectKind] = {
    "ReportPublished": "report",
    "ReportStatusChanged": "report",
    "FindingPublished": "finding",
    "AssessmentSubmitted": "assessment",
    "SchedulerEngagementSubmitted": "engagement",
}


@dataclass(frozen=True, slots=True)
class ApiPath:
    """The path of an object."""

    path: str


@dataclass(frozen=True, slots=True)
class ReportLookup:
    """A report of which only the cuid is known; its ids must be looked up first."""

    cuid: str


def kind_of(payload: Mapping[str, Any]) -> ObjectKind:
    """The kind of object that the event of a payload is about.

    A submitted assessment may name only the report that was made from it; then it is about the report.

    Raises:
        ActionFailed: The event is about none of these kinds; a retry does not help.
    """
    event = payload.get("event")
    kind = _ABOUT.get(event) if isinstance(event, str) else None
    if kind is None:
        raise ActionFailed(
            f"the event {event!r} is not about a known kind of object: set `object` to say what to get", retryable=False
        )
    if kind == "assessment" and "targetCuid" not in payload and "reportId" in payload:
        return "report"
    return kind


def path_of(kind: ObjectKind, payload: Mapping[str, Any], target: str | None) -> ApiPath | ReportLookup:
    """The path of an object, or how to find it.

    Args:
        kind: What to get.
        payload: The webhook's payload, for the ids in it.
        target: The cuid of the object, if the payload names one.

    Raises:
        ActionFailed: The payload lacks an id that the path needs; a retry does not help.
    """
    if kind == "assessment":
        return ApiPath(f"/api/v2/assessments/{_part(target, 'targetCuid')}")
    if kind == "engagement":
        return ApiPath(f"/api/v2/engagement-schedule-events/{_part(target, 'targetCuid')}")
    if kind == "report" and target is not None and not ("clientId" in payload and "reportId" in payload):
        return ReportLookup(_text(target, "targetCuid"))
    report = report_path(payload.get("clientId"), payload.get("reportId"))
    if kind == "report":
        return report
    return ApiPath(f"{report.path}/flaw/{_part(payload.get('findingId'), 'findingId')}")


def report_path(client: Any, report: Any) -> ApiPath:
    """The path of a report by its ids. Raises `ActionFailed` if one is missing."""
    return ApiPath(f"/api/v1/client/{_part(client, 'clientId')}/report/{_part(report, 'reportId')}")


def _part(value: Any, name: str) -> str:
    """An id as one segment of a path. Ids are opaque, so it is quoted whole."""
    text = _text(value, name)
    if text in (".", ".."):
        raise ActionFailed(f"{name} of the payload is not an id", retryable=False)
    return quote(text, safe="")


def _text(value: Any, name: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    raise ActionFailed(f"the payload has no {name}, which the path of the object needs", retryable=False)
