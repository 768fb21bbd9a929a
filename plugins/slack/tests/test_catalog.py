"""The catalog is complete and consistent."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

from hub import EventType
from hub_slack import vendor
from hub_slack.event_types import CATALOG
from hub_slack.events_api import CONTROL

TYPES = {one.name: one for one in CATALOG}
INTERACTIVITY = {
    "block_actions",
    "block_suggestion",
    "dialog_cancellation",
    "dialog_submission",
    "dialog_suggestion",
    "interactive_message",
    "message_action",
    "shortcut",
    "view_closed",
    "view_submission",
    "workflow_step_edit",
}
ENVELOPED = sorted(TYPES.keys() - INTERACTIVITY - {"slash_command", "app_rate_limited"})

MOST_USED = """
app_home_opened app_mention app_uninstalled assistant_thread_context_changed assistant_thread_started channel_archive
channel_created channel_deleted channel_rename channel_unarchive dnd_updated_user emoji_changed file_created
file_deleted file_shared function_executed group_rename im_created link_shared member_joined_channel
member_left_channel message message_metadata_posted pin_added pin_removed reaction_added reaction_removed
shared_channel_invite_accepted star_added subteam_created subteam_updated team_join tokens_revoked user_change
user_huddle_changed workflow_step_execute
"""


def test_it_names_the_types_of_all_three_kinds() -> None:
    assert vendor.catalog is CATALOG
    assert len(TYPES) == 112
    assert INTERACTIVITY | {"slash_command"} | CONTROL <= TYPES.keys()
    assert set(MOST_USED.split()) <= set(ENVELOPED)
    assert len(ENVELOPED) == 99


@pytest.mark.parametrize("name", sorted(TYPES))
def test_the_example_of_a_type_fits_its_schema(name: str) -> None:
    one = TYPES[name]
    Draft202012Validator.check_schema({key: value for key, value in one.schema.items() if key != "$defs"})
    assert [error.message for error in Draft202012Validator(one.schema).iter_errors(one.example)] == []
    assert not Draft202012Validator(one.schema).is_valid([])
    assert 5 <= len(one.summary) <= 160
    assert one.direction == "in"


def test_what_schemas_share_is_of_draft_2020_12() -> None:
    shared = {name: part for one in CATALOG for name, part in one.schema.get("$defs", {}).items()}
    Draft202012Validator.check_schema({"$defs": shared})
    assert "envelope" in shared


@pytest.mark.parametrize("name", ENVELOPED)
def test_an_event_stands_in_the_envelope_and_under_its_own_type(name: str) -> None:
    one = TYPES[name]
    assert one.example["type"] == "event_callback"
    assert one.example["event"]["type"] == name
    validator = Draft202012Validator(one.schema)
    assert not validator.is_valid(one.example | {"event": one.example["event"] | {"type": "something_else"}})
    assert not validator.is_valid(one.example["event"])
    assert not validator.is_valid(one.example | {"event_time": "soon"})


@pytest.mark.parametrize("name", MOST_USED.split())
def test_the_most_used_events_tell_their_fields(name: str) -> None:
    fields = TYPES[name].schema["properties"]["event"]["properties"]
    assert len(fields) >= 2
    assert fields["type"] == {"const": name}


def test_fields_of_messages_have_types() -> None:
    validator = Draft202012Validator(TYPES["message"].schema)
    example = TYPES["message"].example
    assert not validator.is_valid(example | {"event": example["event"] | {"text": 5}})
    assert not validator.is_valid(example | {"event": {"type": "message"}})
    assert validator.is_valid(example | {"event": example["event"] | {"subtype": "channel_join", "unknown": 1}})


def test_every_reference_leads_to_a_definition_beside_it_and_none_is_idle() -> None:
    def named(one: EventType) -> set[str]:
        return set(re.findall(r"'#/\$defs/(\w+)'", repr(one.schema)))

    for one in CATALOG:
        assert named(one) == set(one.schema.get("$defs", {})), one.name
