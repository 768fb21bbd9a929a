"""The catalog: types in both directions, schemas, examples."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from hub import Catalog, EventType, Recorded
from hub_plextrac import vendor

FIVE = {
    "ReportPublished",
    "FindingPublished",
    "AssessmentSubmitted",
    "SchedulerEngagementSubmitted",
    "ReportStatusChanged",
}
AUTOMATION = {"WorkflowAutomationReport", "WorkflowAutomationFinding"}
CATALOG = vendor.catalog or Catalog()
SCHEMAS = {one.name: one.schema for one in CATALOG}


def test_the_five_events_are_there_in_both_directions_and_the_test_only_inbound() -> None:
    assert {one.name for one in CATALOG if one.direction == "out"} == FIVE
    assert {one.name for one in CATALOG if one.direction == "in"} == FIVE | AUTOMATION | {"testWebhook"}


@pytest.mark.parametrize("one", CATALOG.types, ids=lambda one: f"{one.name}-{one.direction}")
def test_every_example_is_of_its_type_and_validates(one: EventType) -> None:
    Draft202012Validator.check_schema(one.schema)
    assert one.example.get("event") == (None if one.name in AUTOMATION else one.name)
    assert one.summary
    Draft202012Validator(one.schema).validate(one.example)


def test_every_recorded_webhook_validates_and_every_type_with_an_id_was_recorded() -> None:
    recorded = Recorded.of_package("hub_plextrac")
    assert {name for one in recorded for name in one.event_types} == set(SCHEMAS) - AUTOMATION
    for one in recorded:
        Draft202012Validator(SCHEMAS[one.event_types[0]]).validate(json.loads(one.body))


@pytest.mark.parametrize("name", sorted(FIVE))
def test_only_cuid_actor_event_and_text_are_required(name: str) -> None:
    least = {"cuid": "c1", "actorCuid": "u1", "event": name, "text": "t"}
    validator = Draft202012Validator(SCHEMAS[name])
    validator.validate(least)
    for missing in least:
        with pytest.raises(ValidationError):
            validator.validate({key: value for key, value in least.items() if key != missing})


@pytest.mark.parametrize(
    "change",
    [
        {"event": "Other"},
        {"cuid": ""},
        {"cuid": 1},
        {"targetCuids": "a"},
        {"targetCuid": "a", "targetCuids": ["b"]},
        {"clientId": []},
    ],
)
def test_the_schema_refuses_what_plextrac_never_sends(change: dict[str, Any]) -> None:
    least = {"cuid": "c1", "actorCuid": "u1", "event": "ReportPublished", "text": "t"}
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMAS["ReportPublished"]).validate({**least, **change})


@pytest.mark.parametrize("known", ["4155", 4155])
def test_ids_are_opaque(known: Any) -> None:
    payload = {"cuid": "c1", "actorCuid": "u1", "event": "FindingPublished", "text": "t", "clientId": known}
    Draft202012Validator(SCHEMAS["FindingPublished"]).validate(payload)
