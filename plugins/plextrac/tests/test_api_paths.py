"""Where the object of a payload is kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import ActionFailed
from hub_plextrac.api_paths import ApiPath, ObjectKind, ReportLookup, kind_of, path_of

REPORT = {"clientId": 4155, "reportId": "500001"}


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"event": "ReportPublished"}, "report"),
        ({"event": "ReportStatusChanged"}, "report"),
        ({"event": "FindingPublished"}, "finding"),
        ({"event": "AssessmentSubmitted", "targetCuid": "a1", **REPORT}, "assessment"),
        ({"event": "AssessmentSubmitted", **REPORT}, "report"),
        ({"event": "SchedulerEngagementSubmitted"}, "engagement"),
    ],
)
def test_an_event_says_what_it_is_about(payload: dict[str, Any], kind: str) -> None:
    assert kind_of(payload) == kind


@pytest.mark.parametrize("event", ["testWebhook", None, 7, ["ReportPublished"], "reportpublished"])
def test_another_event_is_about_nothing_known(event: Any) -> None:
    with pytest.raises(ActionFailed, match="set `object`") as failure:
        kind_of({"event": event})
    assert not failure.value.retryable


@pytest.mark.parametrize(
    ("kind", "payload", "target", "route"),
    [
        ("report", REPORT, "r1", ApiPath("/api/v1/client/4155/report/500001")),
        ("report", REPORT, None, ApiPath("/api/v1/client/4155/report/500001")),
        ("report", {"clientId": 4155}, "r1", ReportLookup("r1")),
        ("finding", {**REPORT, "findingId": "9"}, None, ApiPath("/api/v1/client/4155/report/500001/flaw/9")),
        ("assessment", {}, "a1", ApiPath("/api/v2/assessments/a1")),
        ("engagement", {}, "e1", ApiPath("/api/v2/engagement-schedule-events/e1")),
    ],
)
def test_ids_lead_to_the_object(kind: ObjectKind, payload: dict[str, Any], target: Any, route: Any) -> None:
    assert path_of(kind, payload, target) == route


@pytest.mark.parametrize(
    ("kind", "payload", "target"),
    [
        ("report", {}, None),
        ("report", {"reportId": 1}, None),
        ("report", {}, ["r1"]),
        ("report", {"clientId": None, "reportId": 1}, None),
        ("finding", REPORT, "f1"),
        ("finding", {"findingId": 1}, None),
        ("finding", {**REPORT, "findingId": True}, None),
        ("assessment", REPORT, None),
        ("engagement", {}, ""),
        ("engagement", {}, {"$ne": 1}),
        ("engagement", {}, ".."),
    ],
)
def test_a_missing_or_odd_id_is_named_and_not_guessed(kind: ObjectKind, payload: dict[str, Any], target: Any) -> None:
    with pytest.raises(ActionFailed) as failure:
        path_of(kind, payload, target)
    assert not failure.value.retryable


@given(target=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_id_leaves_its_segment_of_the_path(target: Any) -> None:
    try:
        route = path_of("engagement", {}, target)
    except ActionFailed:
        assert target in {".", ".."}
        return
    assert isinstance(route, ApiPath)
    prefix, _, segment = route.path.rpartition("/")
    assert prefix == "/api/v2/engagement-schedule-events"
    assert segment.isascii()
    assert not set(segment) & set("/?#\\ \r\n")
