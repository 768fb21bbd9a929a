"""What the three kinds of requests are read as."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import Event, Reject, Request, Source
from hub_slack import vendor

Arrive = Callable[..., Request]
Made = Callable[..., Source]

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
ENVELOPE = {
    "type": "event_callback",
    "team_id": "T1",
    "api_app_id": "A1",
    "event_id": "Ev1",
    "event_time": 1531420618,
    "event": {"type": "app_mention", "text": "hi"},
}


def read(request: Request, source: Source) -> list[Event]:
    return list(vendor.read(request, source))


def refused(request: Request, source: Source) -> str:
    with pytest.raises(Reject) as refusal:
        read(request, source)
    assert refusal.value.status == 400
    return refusal.value.reason


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def payload(value: Any) -> bytes:
    return urlencode({"payload": json.dumps(value)}).encode()


def test_an_event_is_named_by_what_is_inside_the_envelope(arrive: Arrive, source: Made) -> None:
    assert read(arrive(body(ENVELOPE), JSON), source()) == [
        Event("app_mention", ENVELOPE, id="Ev1", time=datetime(2018, 7, 12, 18, 36, 58, tzinfo=UTC), account="T1")
    ]


def test_a_retry_is_the_same_event(arrive: Arrive, source: Made) -> None:
    retry = JSON | {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    assert read(arrive(body(ENVELOPE), retry), source()) == read(arrive(body(ENVELOPE), JSON), source())


def test_an_app_of_a_whole_organization_is_its_account(arrive: Arrive, source: Made) -> None:
    for team in (None, ""):
        told = ENVELOPE | {"team_id": team, "enterprise_id": "E1"}
        assert read(arrive(body(told), JSON), source())[0].account == "E1"


@pytest.mark.parametrize("kind", ["app_uninstalled", "app_uninstalled_team", "tokens_revoked"])
def test_events_about_the_app_s_standing_are_control_events(arrive: Arrive, source: Made, kind: str) -> None:
    [event] = read(arrive(body(ENVELOPE | {"event": {"type": kind}}), JSON), source())
    assert event.control
    assert not read(arrive(body(ENVELOPE), JSON), source())[0].control


def test_a_rate_limit_is_a_control_event_once_a_minute(arrive: Arrive, source: Made) -> None:
    told = {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1531420560, "api_app_id": "A1"}
    [event] = read(arrive(body(told), JSON), source())
    assert event == Event(
        "app_rate_limited",
        told,
        id="app_rate_limited/1531420560",
        time=datetime(2018, 7, 12, 18, 36, tzinfo=UTC),
        account="T1",
        control=True,
    )


def test_the_verification_of_the_url_is_no_event(arrive: Arrive, source: Made) -> None:
    assert read(arrive(body({"type": "url_verification", "challenge": "c"}), JSON), source()) == []


@pytest.mark.parametrize("time", [None, "soon", -1, 10**30, True, {}, 1e300])
def test_an_unreadable_time_costs_the_time_and_not_the_event(arrive: Arrive, source: Made, time: Any) -> None:
    [event] = read(arrive(body(ENVELOPE | {"event_time": time}), JSON), source())
    assert event.time is None
    assert event.id == "Ev1"


@pytest.mark.parametrize(
    "told",
    [
        [],
        None,
        "text",
        {},
        {"type": 5},
        {"type": ""},
        {"type": "event_callback"},
        {"type": "event_callback", "event": []},
        {"type": "event_callback", "event": {"type": None}},
        {"type": "url_verification"},
        {"type": "url_verification", "challenge": {"a": 1}},
        {"type": "url_verification", "challenge": ""},
    ],
)
def test_json_that_is_no_envelope_is_refused(arrive: Arrive, source: Made, told: Any) -> None:
    refused(arrive(body(told), JSON), source())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {"type": "block_actions", "trigger_id": "1.2", "team": {"id": "T1"}, "actions": [{"action_ts": "7.5"}]},
            ("block_actions", "1.2", 7.5, "T1"),
        ),
        (
            {"type": "view_submission", "trigger_id": "1.2", "team": {"id": "T1"}},
            ("view_submission", "1.2", None, "T1"),
        ),
        (
            {"type": "view_closed", "team": None, "enterprise": {"id": "E1"}, "is_cleared": True},
            ("view_closed", None, None, "E1"),
        ),
        (
            {"type": "view_closed", "team": {"id": "T1"}, "view": {"id": "V1", "hash": "1.a"}, "is_cleared": False},
            ("view_closed", "view_closed/V1", None, "T1"),
        ),
        (
            {"type": "view_submission", "team": {"id": "T1"}, "view": {"id": "V1"}},
            ("view_submission", None, None, "T1"),
        ),
        (
            {"type": "shortcut", "trigger_id": "1.2", "action_ts": "7.5", "team": {"id": "T1"}},
            ("shortcut", "1.2", 7.5, "T1"),
        ),
        (
            {"type": "message_action", "trigger_id": "1.2", "action_ts": "7.5", "team": {"id": "T1"}},
            ("message_action", "1.2", 7.5, "T1"),
        ),
        ({"type": "block_suggestion", "actions": [], "team": {}}, ("block_suggestion", None, None, None)),
        ({"type": "block_actions", "actions": [3], "team": [], "trigger_id": 8}, ("block_actions", None, None, None)),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_an_interaction_is_the_json_in_payload(
    arrive: Arrive, source: Made, told: dict[str, Any], expected: tuple[str, str | None, float | None, str | None]
) -> None:
    [event] = read(arrive(payload(told), FORM), source())
    seconds = event.time.timestamp() if event.time else None
    assert (event.type, event.id, seconds, event.account) == expected
    assert event.data == told
    assert not event.control


def test_a_slash_command_is_its_form(arrive: Arrive, source: Made) -> None:
    fields = {"command": "/restock", "text": "", "team_id": "T1", "trigger_id": "1.2", "response_url": "https://x/ü&="}
    [event] = read(arrive(urlencode(fields).encode(), FORM), source())
    assert event == Event("slash_command", fields, id="1.2", account="T1")


def test_a_command_from_an_organization_without_trigger_is_never_a_duplicate(arrive: Arrive, source: Made) -> None:
    [event] = read(arrive(b"command=%2Fx&team_id=&enterprise_id=E1&trigger_id=", FORM), source())
    assert (event.id, event.account) == (None, "E1")


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"token=x",
        b"payload=",
        b"payload=nope",
        b"payload=[]",
        b"payload=%7B%7D",
        b"payload=%7B%22type%22%3ANaN%7D",
        b"payload=%7B%22type%22%3A%22x%22%7D&payload=%7B%22type%22%3A%22x%22%7D",
        b"command=",
        b"command=%2Fx&command=%2Fy",
        b"command=%2Fx&text=a&text=b",
        urlencode({"payload": '{"a":' * 50_000}).encode(),
        b"payload=%FF%FE",
    ],
)
def test_a_form_that_slack_would_not_send_is_refused(arrive: Arrive, source: Made, form: bytes) -> None:
    refused(arrive(form, FORM), source())


@pytest.mark.parametrize("raw", [b"", b"nope", b'{"type":NaN}', b"\xff", b'{"a":' * 100_000])
def test_what_is_no_json_is_refused(arrive: Arrive, source: Made, raw: bytes) -> None:
    refused(arrive(raw, JSON), source())


def test_a_byte_order_mark_and_large_numbers_are_read(arrive: Arrive, source: Made) -> None:
    told = ENVELOPE | {"event": {"type": "message", "n": 2**70}}
    [event] = read(arrive(b"\xef\xbb\xbf" + body(told), JSON), source())
    assert event.data["event"]["n"] == 2**70


def test_media_types_are_read_without_case_and_parameters(arrive: Arrive, source: Made) -> None:
    kind = {"content-type": "Application/X-WWW-Form-URLencoded; charset=utf-8"}
    assert read(arrive(b"command=%2Fx", kind), source())[0].type == "slash_command"


def read_or_status(request: Request, source: Source) -> list[Event] | int:
    try:
        return read(request, source)
    except Reject as refusal:
        return refusal.status


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["event_callback", "url_verification", "app_rate_limited", "block_actions", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "event",
                    "event_id",
                    "event_time",
                    "team",
                    "team_id",
                    "id",
                    "actions",
                    "action_ts",
                    "challenge",
                    "minute_rate_limited",
                    "trigger_id",
                    "enterprise",
                    "enterprise_id",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(value=VALUES, form=st.booleans())
def test_whatever_json_arrives_is_read_or_refused(arrive: Arrive, source: Made, value: Any, form: bool) -> None:
    found = read_or_status(arrive(payload(value) if form else body(value), FORM if form else JSON), source())
    assert found == 400 or (isinstance(found, list) and all(event.data == value for event in found))


@given(raw=st.binary(max_size=80), kind=st.sampled_from([JSON, FORM, {}, {"content-type": "multipart/form-data"}]))
def test_arbitrary_bytes_are_refused_and_nothing_else(
    arrive: Arrive, source: Made, raw: bytes, kind: dict[str, str]
) -> None:
    found = read_or_status(arrive(raw, kind), source())
    assert found == 400 or isinstance(found, list)
