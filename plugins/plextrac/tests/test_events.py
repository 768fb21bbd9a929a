"""Reading a webhook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub import Event, Reject, Request, Source
from hub_plextrac import vendor
from hub_plextrac.events import read
from hub_plextrac.settings import PlexTracSettings

PAYLOAD = {"cuid": "c1", "actorCuid": "u1", "event": "ReportPublished", "targetCuid": "r1", "text": "t"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def body(**fields: Any) -> bytes:
    return json.dumps({**PAYLOAD, **fields}).encode()


def test_a_webhook_is_one_event_with_the_whole_payload(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    assert read(arrive(body()), source("s")) == (Event("ReportPublished", PAYLOAD, id="c1"),)


def test_several_targets_stay_one_event(arrive: Callable[..., Request], source: Callable[..., Source]) -> None:
    (event,) = read(arrive(body(targetCuid=None, targetCuids=["a", "b"])), source("s"))
    assert event.data["targetCuids"] == ["a", "b"]


def test_an_event_that_is_new_to_us_is_read_like_any_other(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    (event,) = read(arrive(body(event="SomethingNew", shiny=2**70)), source("s"))
    assert (event.type, event.data["shiny"]) == ("SomethingNew", 2**70)


def test_a_test_of_the_connection_starts_only_what_names_it(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    assert read(arrive(body(event="testWebhook")), source("s"))[0].control
    assert not read(arrive(body()), source("s"))[0].control


@pytest.mark.parametrize("cuid", [None, "", 7, ["c1"]])
def test_a_webhook_without_cuid_is_never_a_duplicate(
    arrive: Callable[..., Request], source: Callable[..., Source], cuid: Any
) -> None:
    assert read(arrive(body(cuid=cuid)), source("s"))[0].id is None


def test_the_instance_that_the_source_names_is_the_account(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    assert read(arrive(body()), source("s", instance="acme.plextrac.com"))[0].account == "acme.plextrac.com"
    assert read(arrive(body()), source("s"))[0].account is None


@pytest.mark.parametrize(
    "received",
    [b"", b"{", b"\xff", b"[]", b"null", b"1", b'"x"', b"{}", b'{"event":null}', b'{"event":""}', b'{"event":["x"]}'],
)
def test_what_is_no_webhook_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], received: bytes
) -> None:
    with pytest.raises(Reject) as refusal:
        read(arrive(received), source("s"))
    assert refusal.value.status == 400


def outcome(arrive: Callable[..., Request], source: Callable[..., Source], received: bytes) -> int:
    """How many events a body holds, or the status that refuses it."""
    try:
        return len(tuple(vendor.read(arrive(received), source("s"))))
    except Reject as refusal:
        return refusal.status


@given(received=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_garbage_raises_nothing_but_reject(
    arrive: Callable[..., Request], source: Callable[..., Source], received: bytes
) -> None:
    assert outcome(arrive, source, received) == 400


@given(fields=st.dictionaries(st.sampled_from(["cuid", "event", "targetCuids", "x"]), json_values))
def test_garbage_in_the_shape_of_a_webhook_raises_nothing_but_reject(
    arrive: Callable[..., Request], source: Callable[..., Source], fields: Any
) -> None:
    named = fields.get("event", "ReportPublished")
    readable = isinstance(named, str) and named != ""
    assert outcome(arrive, source, body(**fields)) == (1 if readable else 400)


@pytest.mark.parametrize("instance", ["", "https://acme.plextrac.com", "acme plextrac", "a/b"])
def test_an_instance_is_a_host(instance: str) -> None:
    with pytest.raises(ValidationError):
        PlexTracSettings(instance=instance)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ({"clientId": 4155, "reportId": 500001}, "WorkflowAutomationReport"),
        ({"clientId": "4155", "reportId": "r", "findingId": None}, "WorkflowAutomationReport"),
        ({"clientId": "4155", "reportId": "500001", "findingId": 7, "more": []}, "WorkflowAutomationFinding"),
    ],
)
def test_a_workflow_automation_is_told_by_what_it_is_about(
    arrive: Callable[..., Request], source: Callable[..., Source], payload: dict[str, Any], name: str
) -> None:
    (event,) = read(arrive(json.dumps(payload).encode()), source())
    assert (event.type, event.data, event.id, event.control) == (name, payload, None, False)


@pytest.mark.parametrize(
    "payload",
    [
        {"clientId": 1},
        {"reportId": 1},
        {"clientId": "", "reportId": 1},
        {"clientId": True, "reportId": 1},
        {"clientId": [], "reportId": {}},
        {"event": None, "clientId": 1, "reportId": 1},
        {"event": 5, "clientId": 1, "reportId": 1},
    ],
)
def test_what_is_neither_a_webhook_nor_an_automation_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], payload: dict[str, Any]
) -> None:
    with pytest.raises(Reject) as caught:
        read(arrive(json.dumps(payload).encode()), source())
    assert caught.value.status == 400
