"""Recorded requests, signed again, are verified and read as what they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator

from hub import Grant, Recorded, Recording, Request, Source
from hub_github import vendor

RECORDED = Recorded.of_package("hub_github")
TYPES = {one.name: one for one in vendor.catalog or ()}


@pytest.mark.parametrize("recording", RECORDED.requests, ids=lambda recording: recording.name)
def test_a_recorded_delivery_is_accepted_and_read(
    recording: Recording,
    arrive: Callable[..., Request],
    source: Callable[..., Source],
    verify: Callable[..., Grant],
    sign: Callable[..., dict[str, str]],
) -> None:
    request = arrive(recording.body, dict(recording.headers) | sign(recording.body, "throw-away"), recording.method)
    assert verify(request, source("throw-away")).secret is not None
    events = list(vendor.read(request, source()))
    assert tuple(event.type for event in events) == recording.event_types
    for event in events:
        assert event.id == recording.headers["x-github-delivery"]
        assert event.account == "acme-robotics"
        assert list(Draft202012Validator(TYPES[event.type].schema).iter_errors(event.data)) == []
        assert list(vendor.read(request, source())) == events, "read again on replay: the same"


def test_there_are_recordings_of_both_content_types_and_of_the_ping() -> None:
    kinds = {recording.headers["content-type"] for recording in RECORDED}
    assert kinds == {"application/json", "application/x-www-form-urlencoded"}
    assert [recording.name for recording in RECORDED.of_type("ping")] == ["ping"]
    assert len({recording.headers["x-github-delivery"] for recording in RECORDED}) == len(RECORDED) == 17


def test_no_recording_holds_a_signature() -> None:
    for recording in RECORDED:
        assert not [name for name in recording.headers if "signature" in name]
