"""The recorded requests: signed anew with a throw-away secret, checked and read as live ones are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from hub import Grant, Recorded, Recording, Reject, Reply, Request, Source
from hub_okta import vendor

RECORDED = Recorded.of_package("hub_okta")
SECRET = "Bearer thrown away"


@dataclass(frozen=True)
class Message:
    """What a scheme signs."""

    body: bytes
    id: str = "msg_1"
    url: str = "https://hub.example.com/"
    type: str = "user.lifecycle.create"
    at: datetime = datetime(2026, 3, 28, 17, 3, 38, tzinfo=UTC)


def arrived(
    arrive: Callable[..., Request], source: Callable[..., Source], recording: Recording
) -> tuple[Request, Source]:
    settings = source(SECRET)
    signed = vendor.scheme_for(settings.settings).sign(Message(recording.body), settings.secrets())
    headers = {**recording.headers, **(signed if recording.verified else {})}
    return arrive(recording.body, headers, recording.method, recording.query), settings


@pytest.mark.parametrize("recording", [one for one in RECORDED if one.verified], ids=lambda one: one.name)
def test_a_recorded_delivery_is_accepted_and_read(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], recording: Recording
) -> None:
    request, settings = arrived(arrive, source, recording)
    assert vendor.challenge is not None
    assert vendor.challenge(request, settings) is None
    assert verify(request, settings).secret is not None
    events = list(vendor.read(request, settings))
    assert tuple(dict.fromkeys(event.type for event in events)) == recording.event_types
    assert all(event.id and event.time and event.account == "acme.okta.com" for event in events)
    assert len({event.id for event in events}) == len(events)


@pytest.mark.parametrize("recording", [one for one in RECORDED if one.verified], ids=lambda one: one.name)
def test_a_recorded_delivery_without_its_secret_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], recording: Recording
) -> None:
    with pytest.raises(Reject):
        verify(arrive(recording.body, recording.headers), source(SECRET))


def test_the_recorded_verification_is_answered_as_expected(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    (recording,) = (one for one in RECORDED if not one.verified)
    request, settings = arrived(arrive, source, recording)
    assert vendor.challenge is not None
    answer = vendor.challenge(request, settings)
    assert isinstance(answer, Reply)
    assert (recording.method, recording.body) == ("GET", b"")
    assert {"status": answer.status, "body": answer.body} == recording.expect


def test_there_is_a_batch_among_them() -> None:
    assert any(len(one.event_types) > 2 for one in RECORDED)
