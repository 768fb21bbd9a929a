"""The recorded requests: signed anew with a throw-away secret, checked and read as live ones are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from hub import Grant, Recorded, Recording, Reject, Request, Source
from hub_plextrac import vendor

RECORDED = Recorded.of_package("hub_plextrac")


@dataclass(frozen=True)
class Message:
    """What a scheme signs."""

    body: bytes
    id: str = "msg_1"
    url: str = "https://hub.example.com/"
    type: str = "finding.created"
    at: datetime = datetime(2026, 3, 28, 17, 3, 38, tzinfo=UTC)


@pytest.mark.parametrize("recording", RECORDED.requests, ids=lambda one: one.name)
def test_a_recorded_webhook_is_accepted_and_read(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], recording: Recording
) -> None:
    held = source("thrown away")
    signed = vendor.scheme_for(held.settings).sign(Message(recording.body), held.secrets())
    request = arrive(recording.body, {**recording.headers, **signed})
    assert verify(request, held).secret is not None
    (event,) = vendor.read(request, held)
    assert (event.type,) == recording.event_types
    assert event.id
    assert event.data == request.json()


@pytest.mark.parametrize("recording", RECORDED.requests, ids=lambda one: one.name)
def test_a_recorded_webhook_without_its_signature_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], recording: Recording
) -> None:
    with pytest.raises(Reject):
        verify(arrive(recording.body, recording.headers), source("thrown away"))


def test_no_two_of_them_are_the_same_request() -> None:
    assert len({one.body for one in RECORDED}) == len(RECORDED)
