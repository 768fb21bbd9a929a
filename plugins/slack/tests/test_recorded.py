"""Recorded requests, signed again, are verified, read and answered as they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator

from hub import Grant, Outcome, Recorded, Recording, Reject, Reply, Request, Source
from hub_slack import vendor

RECORDED = Recorded.of_package("hub_slack")
TYPES = {one.name: one for one in vendor.catalog or ()}
SIGNED = [recording for recording in RECORDED if recording.verified]
UNSIGNED = [recording for recording in RECORDED if not recording.verified]

Arrive = Callable[..., Request]
Made = Callable[..., Source]
Verify = Callable[..., Grant]


def expected(recording: Recording) -> Reply:
    return Reply(recording.expect["status"], recording.expect["body"] or None)


@pytest.mark.parametrize("recording", SIGNED, ids=lambda recording: recording.name)
def test_a_recorded_request_is_accepted_read_and_answered(
    recording: Recording, arrive: Arrive, source: Made, verify: Verify, sign: Callable[..., dict[str, str]]
) -> None:
    request = arrive(recording.body, dict(recording.headers) | sign(recording.body, "throw-away"), recording.method)
    held = source("throw-away")
    assert callable(vendor.challenge)
    assert vendor.challenge(request, held) is None
    grant = verify(request, held)
    events = tuple(vendor.read(request, held))
    assert tuple(event.type for event in events) == recording.event_types
    assert tuple(vendor.read(request, held)) == events, "read again on replay: the same"
    for event in events:
        assert event.account == "T061EG9R6"
        assert list(Draft202012Validator(TYPES[event.type].schema).iter_errors(event.data)) == []
    assert callable(vendor.reply)
    for duplicate in (False, True):
        assert vendor.reply(request, held, Outcome(events, grant, duplicate)) == expected(recording)


@pytest.mark.parametrize("recording", UNSIGNED, ids=lambda recording: recording.name)
def test_a_recorded_handshake_is_answered_without_a_signature(
    recording: Recording, arrive: Arrive, source: Made, verify: Verify
) -> None:
    request = arrive(recording.body, dict(recording.headers), recording.method)
    assert callable(vendor.challenge)
    assert vendor.challenge(request, source("throw-away")) == expected(recording)
    with pytest.raises(Reject):
        verify(request, source("throw-away"))


def test_all_kinds_are_recorded_and_a_retry_is_the_same_event(arrive: Arrive, source: Made) -> None:
    assert {recording.name for recording in UNSIGNED} == {"ssl_check"}
    first, again = RECORDED.of_type("app_mention")
    assert again.headers["x-slack-retry-num"] == "1"
    ids = [next(iter(vendor.read(arrive(one.body, dict(one.headers)), source()))).id for one in (first, again)]
    assert ids[0] == ids[1]
    for kind in ("slash_command", "block_actions", "view_submission", "view_closed", "shortcut", "message_action"):
        assert len(RECORDED.of_type(kind)) == 1
    assert len(RECORDED) == 18


def test_no_recording_holds_a_signature() -> None:
    for recording in RECORDED:
        assert not {"x-slack-signature", "x-slack-request-timestamp"} & {name.lower() for name in recording.headers}
