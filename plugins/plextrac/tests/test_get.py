"""The action `plextrac.get` against an instance on loopback."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from hub import Action, ActionContext, ActionFailed
from hub_plextrac.connection import LIFETIME, PlexTracConnection, SessionTokens
from hub_plextrac.get import GET, GetObject, ObjectGetter

ACCOUNT = {"username": "hub@example.com", "password": "pässword"}
REPORT = "/api/v1/client/4155/report/500001"
PUBLISHED = {"cuid": "c1", "event": "ReportPublished", "targetCuid": "r1"}


def given_(instance: Any, payload: dict[str, Any], **fields: Any) -> GetObject:
    credentials = fields.pop("account", ACCOUNT)
    return GetObject.model_validate({"connection": {"url": instance.url, **credentials}, "payload": payload, **fields})


async def failure(getter: ObjectGetter, given: GetObject, context: ActionContext) -> ActionFailed:
    with pytest.raises(ActionFailed) as raised:
        await getter(given, context)
    assert "pässword" not in str(raised.value)
    return raised.value


async def test_a_report_known_by_its_cuid_is_looked_up_and_got(instance: Any, context: ActionContext) -> None:
    instance.reports = [{"cuid": "r0", "id": 1, "client_id": 1}, {"cuid": "r1", "id": 500001, "client_id": 4155}]
    instance.objects[REPORT] = {"report_id": 500001, "name": "Q1"}
    assert await ObjectGetter()(given_(instance, PUBLISHED), context) == {"report_id": 500001, "name": "Q1"}
    assert instance.seen == [("POST", "/api/v1/authenticate"), ("POST", "/api/v2/reports"), ("GET", REPORT)]


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"event": "ReportStatusChanged", "clientId": 4155, "reportId": 500001}, REPORT),
        ({"event": "FindingPublished", "clientId": 4155, "reportId": 500001, "findingId": 9}, f"{REPORT}/flaw/9"),
        ({"event": "AssessmentSubmitted", "targetCuid": "a1"}, "/api/v2/assessments/a1"),
        ({"event": "SchedulerEngagementSubmitted", "targetCuid": "e1"}, "/api/v2/engagement-schedule-events/e1"),
    ],
)
async def test_each_event_leads_to_its_object(
    instance: Any, context: ActionContext, payload: dict[str, Any], path: Any
) -> None:
    instance.objects[path] = {"found": path}
    assert await ObjectGetter()(given_(instance, payload), context) == {"found": path}


async def test_another_object_of_the_payload_can_be_asked_for(instance: Any, context: ActionContext) -> None:
    payload = {"event": "FindingPublished", "clientId": 4155, "reportId": 500001, "findingId": 9}
    instance.objects[REPORT] = {"name": "Q1"}
    assert await ObjectGetter()(given_(instance, payload, object="report"), context) == {"name": "Q1"}


async def test_several_targets_give_a_list_in_their_order(instance: Any, context: ActionContext) -> None:
    instance.reports = [{"cuid": f"r{n}", "id": n, "client_id": 7} for n in (1, 2)]
    instance.objects |= {f"/api/v1/client/7/report/{n}": {"report_id": n} for n in (1, 2)}
    payload = {"event": "ReportPublished", "targetCuids": ["r2", "r1"], "clientId": 7, "reportId": 1}
    got = await ObjectGetter()(given_(instance, payload), context)
    assert got == [{"report_id": 2}, {"report_id": 1}]


@pytest.mark.parametrize("targets", ["r1", {"a": 1}, ["r"] * 101])
async def test_odd_targets_are_refused_before_any_call(instance: Any, context: ActionContext, targets: Any) -> None:
    error = await failure(ObjectGetter(), given_(instance, {**PUBLISHED, "targetCuids": targets}), context)
    assert not error.retryable
    assert instance.seen == []


async def test_a_report_that_plextrac_does_not_list_is_said_so(instance: Any, context: ActionContext) -> None:
    error = await failure(ObjectGetter(), given_(instance, PUBLISHED), context)
    assert "no report" in str(error)
    assert not error.retryable


async def test_a_token_is_used_as_it_is(instance: Any, context: ActionContext) -> None:
    instance.objects[REPORT] = {"name": "Q1"}
    payload = {**PUBLISHED, "clientId": 4155, "reportId": 500001}
    assert await ObjectGetter()(given_(instance, payload, account={"token": "trial-token"}), context) == {"name": "Q1"}
    assert instance.sign_ins == 0


async def test_a_token_that_has_ended_fails_for_good(instance: Any, context: ActionContext) -> None:
    payload = {**PUBLISHED, "clientId": 4155, "reportId": 500001}
    error = await failure(ObjectGetter(), given_(instance, payload, account={"token": "old"}), context)
    assert "401" in str(error)
    assert not error.retryable


async def test_calls_at_the_same_moment_sign_in_once(instance: Any, context: ActionContext) -> None:
    instance.objects[REPORT] = {"name": "Q1"}
    given = given_(instance, {**PUBLISHED, "clientId": 4155, "reportId": 500001})
    getter = ObjectGetter()
    assert await asyncio.gather(*(getter(given, context) for _ in range(20))) == [{"name": "Q1"}] * 20
    assert instance.sign_ins == 1


async def test_a_session_that_has_ended_is_renewed_once_and_without_notice(
    instance: Any, context: ActionContext
) -> None:
    instance.objects[REPORT] = {"name": "Q1"}
    given = given_(instance, {**PUBLISHED, "clientId": 4155, "reportId": 500001})
    getter = ObjectGetter()
    await getter(given, context)
    instance.tokens.clear()
    assert await getter(given, context) == {"name": "Q1"}
    assert instance.sign_ins == 2


async def test_an_instance_that_refuses_every_session_is_not_asked_for_ever(
    instance: Any, context: ActionContext
) -> None:
    instance.answers[REPORT] = lambda: web.json_response({}, status=401)
    error = await failure(
        ObjectGetter(), given_(instance, {**PUBLISHED, "clientId": 4155, "reportId": 500001}), context
    )
    assert not error.retryable
    assert instance.sign_ins == 2


async def test_tokens_are_held_for_ten_minutes_and_for_one_account_only(instance: Any, context: ActionContext) -> None:
    moment = [0.0]
    tokens = SessionTokens(lambda: moment[0])
    ours = PlexTracConnection.model_validate({"url": instance.url, **ACCOUNT})
    first = await tokens.of(ours, context)
    moment[0] = LIFETIME - 1
    assert await tokens.of(ours, context) == first
    moment[0] = LIFETIME
    assert await tokens.of(ours, context) != first
    with pytest.raises(ActionFailed, match="401"):
        await tokens.of(
            PlexTracConnection.model_validate({"url": instance.url, **ACCOUNT, "password": "guess"}), context
        )


async def test_an_account_with_mfa_is_told_what_to_do(instance: Any, context: ActionContext) -> None:
    instance.mfa = True
    error = await failure(ObjectGetter(), given_(instance, PUBLISHED), context)
    assert "MFA" in str(error)
    assert not error.retryable


@pytest.mark.parametrize(
    ("answer", "retryable", "wait"),
    [
        ({"status": 403}, False, None),
        ({"status": 404}, False, None),
        ({"status": 302}, False, None),
        ({"status": 429, "headers": {"Retry-After": "30"}}, True, 30),
        ({"status": 429, "headers": {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}}, True, None),
        ({"status": 503}, True, None),
        ({"status": 200, "text": "<html>"}, True, None),
        ({"status": 200, "body": b"\xff"}, True, None),
    ],
)
async def test_what_goes_wrong_is_said_and_whether_a_retry_may_help(
    instance: Any, context: ActionContext, answer: dict[str, Any], retryable: bool, wait: float | None
) -> None:
    instance.answers[REPORT] = lambda: web.Response(**answer)
    error = await failure(
        ObjectGetter(), given_(instance, {**PUBLISHED, "clientId": 4155, "reportId": 500001}), context
    )
    assert (error.retryable, error.retry_after) == (retryable, wait)


@pytest.mark.parametrize("listed", [[], {"data": None}, {"data": ["x"]}, {"data": [{"cuid": "r1"}]}, None])
async def test_an_odd_list_of_reports_is_a_failure_and_no_crash(
    instance: Any, context: ActionContext, listed: Any
) -> None:
    instance.answers["/api/v2/reports"] = lambda: web.json_response(listed)
    assert not (await failure(ObjectGetter(), given_(instance, PUBLISHED), context)).retryable


@pytest.mark.parametrize(
    "connection",
    [
        {},
        {"url": "https://acme.plextrac.com"},
        {"url": "https://acme.plextrac.com", "username": "u"},
        {"url": "https://acme.plextrac.com", "username": "u", "password": ""},
        {"url": "acme.plextrac.com", "token": "t"},
        {"url": "ftp://acme.plextrac.com", "token": "t"},
        {"url": "https://user@acme.plextrac.com", "token": "t"},
        {"url": "https://acme.plextrac.com/api?x=1", "token": "t"},
    ],
)
def test_an_incomplete_connection_is_refused_without_repeating_its_secrets(connection: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        GetObject.model_validate({"connection": {**connection, "client_secret": "hush-hush"}, "payload": {}})
    assert "hush-hush" not in str(error.value)


def test_secrets_stay_out_of_a_connections_repr() -> None:
    whole = repr(
        PlexTracConnection.model_validate({"url": "https://a.example", "token": "hush-1", "password": "hush-2"})
    )
    assert "hush" not in whole


def test_the_action_is_named_after_the_plugin() -> None:
    assert isinstance(GET, Action)
    assert GET.name == "plextrac.get"
    assert not GET.pure
