"""What a delivery is read as."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import Event, Reject, Request, Source
from hub_github import vendor

Arrive = Callable[..., Request]
Made = Callable[..., Source]

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
SENT = {"x-github-event": "issues", "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}


def read(request: Request, source: Source) -> list[Event]:
    return list(vendor.read(request, source))


def refused(request: Request, source: Source) -> str:
    with pytest.raises(Reject) as refusal:
        read(request, source)
    assert refusal.value.status == 400
    return refusal.value.reason


def test_the_type_is_event_and_action_and_the_id_is_the_delivery(arrive: Arrive, source: Made) -> None:
    payload = {"action": "opened", "issue": {"number": 1}, "repository": {"owner": {"login": "acme"}}}
    [event] = read(arrive(json.dumps(payload).encode(), JSON | SENT), source())
    assert event == Event("issues.opened", payload, id=SENT["x-github-delivery"], account="acme")


@pytest.mark.parametrize("action", [None, "", 7, {}, "a" * 101])
def test_without_an_action_the_type_is_the_event(arrive: Arrive, source: Made, action: Any) -> None:
    body = json.dumps({} if action is None else {"action": action}).encode()
    [event] = read(arrive(body, JSON | SENT | {"x-github-event": "push"}), source())
    assert event.type == "push"
    assert not event.control


def test_a_form_gives_the_same_event_as_json(arrive: Arrive, source: Made) -> None:
    payload = {"action": "opened", "text": "ü & = +", "number": 2**70}
    plain = read(arrive(json.dumps(payload).encode(), JSON | SENT), source())
    form = read(arrive(urlencode({"payload": json.dumps(payload)}).encode(), FORM | SENT), source())
    assert plain == form
    assert form[0].data["number"] == 2**70


@pytest.mark.parametrize("name", ["ping", "meta", "installation", "installation_repositories", "installation_target"])
def test_events_about_the_webhook_or_the_app_are_control_events(arrive: Arrive, source: Made, name: str) -> None:
    [event] = read(arrive(b'{"zen":"x"}', JSON | SENT | {"x-github-event": name}), source())
    assert event.control
    assert event.type == name


@pytest.mark.parametrize(
    ("payload", "account"),
    [
        ({"organization": {"login": "acme"}, "repository": {"owner": {"login": "ada"}}}, "acme"),
        ({"repository": {"owner": {"name": "ada"}}}, "ada"),
        ({"installation": {"account": {"login": "acme"}}}, "acme"),
        ({"account": {"login": "acme"}, "installation": {"id": 1}}, "acme"),
        ({"enterprise": {"slug": "acme-inc"}}, "acme-inc"),
        ({"organization": {"login": 5}, "repository": [], "enterprise": None}, None),
        ({}, None),
    ],
)
def test_the_account_is_whom_it_happened_to(
    arrive: Arrive, source: Made, payload: dict[str, Any], account: str | None
) -> None:
    assert read(arrive(json.dumps(payload).encode(), JSON | SENT), source())[0].account == account


def test_two_deliveries_of_the_same_payload_are_two_events_and_a_redelivery_is_the_same(
    arrive: Arrive, source: Made
) -> None:
    first, again = (read(arrive(b"{}", JSON | SENT), source())[0].id for _ in range(2))
    other = read(arrive(b"{}", JSON | SENT | {"x-github-delivery": "other"}), source())[0].id
    assert first == again != other


@pytest.mark.parametrize("missing", ["x-github-event", "x-github-delivery"])
def test_a_missing_doubled_or_empty_header_is_refused(arrive: Arrive, source: Made, missing: str) -> None:
    rest = [(name, value) for name, value in (JSON | SENT).items() if name != missing]
    assert missing in refused(arrive(b"{}", rest), source())
    assert missing in refused(arrive(b"{}", [*rest, (missing, "a"), (missing, "a")]), source())
    assert missing in refused(arrive(b"{}", [*rest, (missing, "")]), source())


@pytest.mark.parametrize("name", ["Issues", "issues.opened", "is sues", "ä", "x" * 101])
def test_a_name_that_github_would_not_use_is_refused(arrive: Arrive, source: Made, name: str) -> None:
    refused(arrive(b"{}", JSON | SENT | {"x-github-event": name}), source())


@pytest.mark.parametrize(
    "body",
    [b"", b"nope", b"[]", b'"text"', b"null", b'{"a":NaN}', b"\xff\xfe", b'{"a":' * 100_000],
    ids=["empty", "no JSON", "list", "text", "null", "NaN", "not UTF-8", "too deep"],
)
def test_a_payload_that_is_not_a_json_object_is_refused(arrive: Arrive, source: Made, body: bytes) -> None:
    refused(arrive(body, JSON | SENT), source())
    refused(arrive(urlencode({"payload": body}).encode(), FORM | SENT), source())


@pytest.mark.parametrize("body", [b"", b"other=1", b"payload=%7B%7D&payload=%7B%7D"], ids=["empty", "none", "two"])
def test_a_form_without_exactly_one_payload_is_refused(arrive: Arrive, source: Made, body: bytes) -> None:
    assert "payload" in refused(arrive(body, FORM | SENT), source())


def test_a_byte_order_mark_is_skipped(arrive: Arrive, source: Made) -> None:
    assert read(arrive(b'\xef\xbb\xbf{"action":"closed"}', JSON | SENT), source())[0].type == "issues.closed"


def read_or_status(request: Request, source: Source) -> list[Event] | int:
    try:
        return read(request, source)
    except Reject as refusal:
        return refusal.status


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["action", "repository", "organization", "installation", "account", "owner", "login", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(value=JSON_VALUES, event=st.text(max_size=12), form=st.booleans())
def test_whatever_arrives_is_one_event_or_refused(
    arrive: Arrive, source: Made, value: Any, event: str, form: bool
) -> None:
    text = json.dumps(value)
    body = urlencode({"payload": text}) if form else text
    headers = (FORM if form else JSON) | SENT | {"x-github-event": event.encode().decode("latin-1")}
    found = read_or_status(arrive(body.encode(), headers), source())
    assert found == 400 or (isinstance(found, list) and [one.data for one in found] == [value])


@given(body=st.binary(max_size=60), kind=st.sampled_from([JSON, FORM, {}, {"content-type": "multipart/form-data"}]))
def test_arbitrary_bytes_are_refused_and_nothing_else(
    arrive: Arrive, source: Made, body: bytes, kind: dict[str, str]
) -> None:
    found = read_or_status(arrive(body, kind | SENT), source())
    assert found == 400 or isinstance(found, list)
