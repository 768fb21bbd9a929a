"""The catalog is complete and consistent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub_github import vendor
from hub_github.event_types import CATALOG

EVENTS = [
    "branch_protection_configuration",
    "branch_protection_rule",
    "cache_sync",
    "check_run",
    "check_suite",
    "code_scanning_alert",
    "commit_comment",
    "content_reference",
    "create",
    "custom_property",
    "custom_property_values",
    "delete",
    "dependabot_alert",
    "deploy_key",
    "deployment",
    "deployment_protection_rule",
    "deployment_review",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "dismissal_request_code_scanning",
    "dismissal_request_secret_scanning",
    "enterprise",
    "exemption_request_push_ruleset",
    "exemption_request_secret_scanning",
    "fork",
    "github_app_authorization",
    "gollum",
    "installation",
    "installation_repositories",
    "installation_target",
    "issue_comment",
    "issue_dependencies",
    "issue_relates_to",
    "issues",
    "label",
    "marketplace_purchase",
    "member",
    "membership",
    "merge_group",
    "meta",
    "milestone",
    "org_block",
    "organization",
    "organization_custom_property",
    "organization_custom_property_values",
    "package",
    "page_build",
    "personal_access_token_request",
    "ping",
    "project",
    "project_card",
    "project_column",
    "projects_v2",
    "projects_v2_item",
    "projects_v2_status_update",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "registry_package",
    "release",
    "repository",
    "repository_advisory",
    "repository_dispatch",
    "repository_import",
    "repository_ruleset",
    "repository_vulnerability_alert",
    "secret_scanning_alert",
    "secret_scanning_alert_location",
    "secret_scanning_scan",
    "security_advisory",
    "security_and_analysis",
    "sponsorship",
    "star",
    "status",
    "sub_issues",
    "team",
    "team_add",
    "user",
    "watch",
    "workflow_dispatch",
    "workflow_job",
    "workflow_run",
]

TYPES = {one.name: one for one in CATALOG}


@cache
def schema_of(event: str) -> Mapping[str, Any]:
    return next(one.schema for one in CATALOG if one.name.partition(".")[0] == event)


def validator(event: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(event))


def test_every_schema_is_one_of_draft_2020_12() -> None:
    shared: dict[str, Any] = {}
    for event in EVENTS:
        schema = schema_of(event)
        Draft202012Validator.check_schema({key: value for key, value in schema.items() if key != "$defs"})
        shared |= schema["$defs"]
    Draft202012Validator.check_schema({"$defs": shared})


def test_it_names_every_webhook_event_of_github() -> None:
    assert {name.partition(".")[0] for name in TYPES} == set(EVENTS)
    assert len(TYPES) == 306
    assert vendor.catalog is CATALOG


@pytest.mark.parametrize("event", EVENTS)
def test_each_example_of_an_event_fits_its_schema(event: str) -> None:
    for one in CATALOG:
        if one.name.partition(".")[0] == event:
            assert [error.message for error in validator(event).iter_errors(one.example)] == [], one.name


@pytest.mark.parametrize("event", EVENTS)
def test_a_schema_tells_the_actions_of_its_event_and_nothing_else(event: str) -> None:
    action = schema_of(event)["properties"].get("action", {})
    named = {name.partition(".")[2] for name in TYPES if name.partition(".")[0] == event}
    if event == "repository_dispatch":
        assert "enum" not in action, "the sender chooses the action"
    else:
        assert set(action.get("enum", [""])) == (named - {""} or {""})


@pytest.mark.parametrize("event", EVENTS)
def test_a_payload_of_another_kind_does_not_fit(event: str) -> None:
    assert not validator(event).is_valid([])
    assert not validator(event).is_valid({"action": 5, "ref": 7, "repository": "text", "sender": []})


def test_the_example_of_a_type_carries_its_action() -> None:
    for name, one in TYPES.items():
        action = name.partition(".")[2]
        assert one.example.get("action") == ({"": None, "*": "restock"}.get(action, action))
        assert one.direction == "in"


def test_every_reference_leads_to_a_definition_beside_it_and_none_is_idle() -> None:
    for one in CATALOG:
        named = set(re.findall(r"'#/\$defs/(\w+)'", repr(one.schema)))
        assert named == set(one.schema.get("$defs", {})), one.name
        assert "http" not in repr(list(references(one.schema)))


def references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [found for value in schema.values() for found in references(value)]
    if isinstance(schema, list):
        return [found for value in schema for found in references(value)]
    return []


def test_every_type_says_in_a_few_words_what_it_is() -> None:
    for one in CATALOG:
        assert 5 <= len(one.summary) <= 130, one.name


def test_an_action_that_changes_something_must_say_what() -> None:
    edited = dict(TYPES["issues.edited"].example)
    del edited["changes"]
    assert not validator("issues").is_valid(edited)
    assert validator("issues").is_valid(edited | {"action": "closed"})
