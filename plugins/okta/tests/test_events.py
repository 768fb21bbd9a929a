"""Reading a delivery."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import Event, Grant, Outcome, Reject, Reply, Request, Source
from hub_okta import vendor
from hub_okta.events import read

CREATED = {"uuid": "u-1", "eventType": "user.lifecycle.create", "published": "2026-03-26T21:05:32.159Z", "n": 2**80}
JOINED = {"uuid": "u-2", "eventType": "group.user_membership.add", "published": "2026-03-26T21:05:33Z"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def events(arrive: Callable[..., Request], source: Callable[..., Source], value: Any) -> list[Event]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(read(arrive(body), source("s3cret")))


def test_each_entry_becomes_one_event_with_all_of_its_data(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    created, joined = events(arrive, source, delivery(CREATED, JOINED))
    assert created == Event(
        "user.lifecycle.create",
        CREATED,
        id="u-1",
        time=datetime(2026, 3, 26, 21, 5, 32, 159000, tzinfo=UTC),
        account="acme.okta.com",
    )
    assert (joined.type, joined.id) == ("group.user_membership.add", "u-2")
    assert not created.control


def test_a_delivery_without_events_holds_none(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    assert events(arrive, source, delivery()) == []


def test_a_repeated_delivery_has_the_same_ids(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    body = delivery(CREATED, JOINED, {"eventType": "user.session.end"})
    assert [one.id for one in events(arrive, source, body)] == [one.id for one in events(arrive, source, body)]


def test_the_same_happening_through_another_event_hook_is_the_same_event(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    first = events(arrive, source, delivery(CREATED))
    second = events(
        arrive, source, delivery(CREATED, eventId="other", source="https://acme.okta.com/api/v1/eventHooks/x")
    )
    assert [(one.account, one.id) for one in first] == [(one.account, one.id) for one in second]


def test_the_same_uuid_of_another_okta_org_is_another_event(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    ours, theirs = (
        events(arrive, source, delivery(CREATED, source=f"https://{host}/api/v1/eventHooks/x"))[0]
        for host in ("acme.okta.com", "other.okta.com")
    )
    assert ours.account != theirs.account


def test_entries_without_uuid_are_told_apart_by_delivery_and_place(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    bare = {"eventType": "user.session.end"}
    ids = [one.id for one in events(arrive, source, delivery(bare, bare, eventId="d1"))]
    assert len(set(ids)) == 2
    assert None not in ids
    assert ids != [one.id for one in events(arrive, source, delivery(bare, bare, eventId="d2"))]


def test_an_entry_without_any_id_is_never_a_duplicate(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    assert events(arrive, source, delivery({"eventType": "user.session.end"}, eventId=None))[0].id is None


@pytest.mark.parametrize("published", [None, "", "yesterday", 17, ["x"], "2026-13-45T00:00:00Z", "9" * 40])
def test_an_unreadable_time_costs_the_time_and_not_the_event(
    arrive: Callable[..., Request],
    source: Callable[..., Source],
    delivery: Callable[..., dict[str, Any]],
    published: Any,
) -> None:
    assert events(arrive, source, delivery({**CREATED, "published": published}))[0].time is None


@pytest.mark.parametrize("origin", [None, 5, "", "acme", "https://[::1", "//"])
def test_an_unreadable_source_costs_the_account_and_not_the_event(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]], origin: Any
) -> None:
    (event,) = events(arrive, source, delivery(CREATED, source=origin))
    assert (event.id, event.account) == ("u-1", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"3",
        b'"text"',
        b"{}",
        b'{"data":null}',
        b'{"data":{"events":{}}}',
        b"NaN",
        b'{"data":{"events":[null]}}',
        b'{"data":{"events":[{}]}}',
        b'{"data":{"events":[{"eventType":7}]}}',
    ],
)
def test_what_is_no_delivery_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], body: bytes
) -> None:
    with pytest.raises(Reject) as refusal:
        events(arrive, source, body)
    assert refusal.value.status == 400


def test_one_bad_entry_refuses_the_whole_delivery_before_any_event_is_given(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(Reject, match=r"data\.events\[1\]"):
        read(arrive(json.dumps(delivery(CREATED, {"uuid": "u-3"})).encode()), source())


def test_a_byte_order_mark_and_repeated_keys_do_no_harm(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(delivery(CREATED)).encode()
    assert events(arrive, source, body)[0].data["n"] == 2**80
    twice = b'{"data":{"events":[{"uuid":"a","uuid":"b","eventType":"user.session.end"}]}}'
    assert events(arrive, source, twice)[0].id == "b"


def test_reading_is_pure(
    arrive: Callable[..., Request], source: Callable[..., Source], delivery: Callable[..., dict[str, Any]]
) -> None:
    request = arrive(json.dumps(delivery(CREATED, JOINED)).encode())
    assert list(read(request, source("a"))) == list(read(request, source()))


def outcome(arrive: Callable[..., Request], source: Callable[..., Source], body: bytes) -> int:
    """How many events a body holds, or the status that refuses it."""
    try:
        found = list(vendor.read(arrive(body), source("s")))
    except Reject as refusal:
        return refusal.status
    assert all(isinstance(one, Event) for one in found)
    return len(found)


@given(body=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_garbage_raises_nothing_but_reject(
    arrive: Callable[..., Request], source: Callable[..., Source], body: bytes
) -> None:
    assert outcome(arrive, source, body) == 400


@given(
    entries=st.lists(json_values, max_size=3),
    fields=st.dictionaries(st.sampled_from(["source", "eventId"]), json_values),
)
def test_garbage_in_the_shape_of_a_delivery_raises_nothing_but_reject(
    arrive: Callable[..., Request],
    source: Callable[..., Source],
    delivery: Callable[..., dict[str, Any]],
    entries: list[Any],
    fields: dict[str, Any],
) -> None:
    named = [{**one, "eventType": "x"} if isinstance(one, dict) else one for one in entries]
    readable = all(isinstance(one, dict) for one in entries)
    body = json.dumps(delivery(*named, **fields)).encode()
    assert outcome(arrive, source, body) == (len(entries) if readable else 400)


CALL = {
    "eventId": "uS5871kJThSLO5TvJJMOWA",
    "eventTime": "2026-03-02T10:00:00.000Z",
    "eventType": "com.okta.oauth2.tokens.transform",
    "source": "https://acme.okta.com/api/v1/inlineHooks/cal7eyxOsnb20oWbZ0g4",
    "data": {"context": {}, "access": {"claims": {}}},
}


def test_the_call_of_an_inline_hook_is_an_event_of_its_own(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    assert events(arrive, source, CALL) == [
        Event(
            "okta.inline.com.okta.oauth2.tokens.transform",
            CALL,
            id="uS5871kJThSLO5TvJJMOWA",
            time=datetime(2026, 3, 2, 10, tzinfo=UTC),
            account="acme.okta.com",
        )
    ]


@pytest.mark.parametrize(
    "change",
    [{"data": None}, {"data": []}, {"eventType": ""}, {"eventType": 1}, {"data": {"events": None}}],
)
def test_what_is_no_inline_hook_either_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], change: dict[str, Any]
) -> None:
    with pytest.raises(Reject) as caught:
        events(arrive, source, CALL | change)
    assert caught.value.status == 400


@pytest.mark.parametrize("events_", [[Event("okta.inline.com.okta.saml.tokens.transform", {})], []])
def test_an_inline_hook_without_commands_is_answered_with_an_empty_204(
    arrive: Callable[..., Request], source: Callable[..., Source], events_: list[Event]
) -> None:
    assert callable(vendor.reply)
    answer = vendor.reply(arrive(b"{}"), source(), Outcome(tuple(events_), Grant()))
    assert answer == (Reply(204) if events_ else None)
