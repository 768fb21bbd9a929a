"""The catalog: types, schema, examples."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from hub import EventType, Recorded
from hub_okta.event_types import CATALOG

LOG_EVENTS = tuple(one for one in CATALOG if not one.name.startswith("okta.inline."))
INLINE = tuple(one for one in CATALOG if one.name.startswith("okta.inline."))
SCHEMA = LOG_EVENTS[0].schema
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_it_has_several_hundred_types_that_event_hooks_deliver() -> None:
    names = [one.name for one in LOG_EVENTS]
    assert len(names) == len(set(names)) > 300
    assert {"user.lifecycle.create", "user.session.start", "group.user_membership.add", "user.mfa.factor.update"} < {
        *names
    }
    assert all(re.fullmatch(r"[a-z0-9_]+(\.[A-Za-z0-9_]+)+", name) for name in names)


def test_every_type_has_a_summary_a_direction_and_the_one_schema() -> None:
    assert all(one.summary.endswith(".") and one.direction == "in" and one.schema is SCHEMA for one in LOG_EVENTS)


def test_the_schema_is_valid_and_refers_to_nothing_outside() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert all(ref.startswith("#/$defs/") for ref in re.findall(r'"\$ref": "([^"]+)"', json.dumps(SCHEMA)))


@pytest.mark.parametrize("one", LOG_EVENTS, ids=lambda one: one.name)
def test_every_example_is_of_its_type_and_validates(one: EventType) -> None:
    assert one.example["eventType"] == one.name
    VALIDATOR.validate(one.example)


def test_the_six_inline_hooks_are_there_with_their_own_schema() -> None:
    assert {one.name.removeprefix("okta.inline.com.okta.") for one in INLINE} == {
        "oauth2.tokens.transform",
        "saml.tokens.transform",
        "import.transform",
        "user.pre-registration",
        "user.credential.password.import",
        "telephony.provider",
    }
    for one in INLINE:
        assert one.example["eventType"] == one.name.removeprefix("okta.inline.")
        Draft202012Validator(one.schema).validate(one.example)


def test_examples_share_nothing_that_a_change_would_spread() -> None:
    assert len({id(one.example) for one in CATALOG}) == len(CATALOG)


def test_every_recorded_event_validates_and_its_type_is_declared() -> None:
    names = {one.name for one in CATALOG}
    recorded = [one for one in Recorded.of_package("hub_okta") if one.verified]
    assert {name for one in recorded for name in one.event_types} <= names
    for recording in recorded:
        for event in json.loads(recording.body)["data"].get("events", ()):
            VALIDATOR.validate(event)


@pytest.mark.parametrize(
    "change",
    [
        {"uuid": None},
        {"uuid": ""},
        {"eventType": 7},
        {"published": 1},
        {"severity": "FATAL"},
        {"target": {}},
        {"actor": []},
        {"client": {"geographicalContext": {"geolocation": {"lat": "43"}}}},
        {"outcome": "SUCCESS"},
    ],
)
def test_the_schema_refuses_what_is_no_log_event(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**LOG_EVENTS[0].example, **change})


@pytest.mark.parametrize("missing", ["uuid", "published", "eventType"])
def test_the_schema_wants_what_reading_relies_on(missing: str) -> None:
    whole = LOG_EVENTS[0].example
    with pytest.raises(ValidationError):
        VALIDATOR.validate({name: value for name, value in whole.items() if name != missing})
