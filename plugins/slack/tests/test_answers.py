"""What Slack is answered: handshakes, acknowledgements, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub import Event, Grant, Outcome, Reply, Request, Source
from hub_slack import vendor
from hub_slack.settings import SlackSettings

Arrive = Callable[..., Request]
Made = Callable[..., Source]

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def challenge(request: Request, source: Source) -> Any:
    assert vendor.challenge is not None
    return vendor.challenge(request, source)


def reply(request: Request, source: Source, *, duplicate: bool = False) -> Any:
    assert callable(vendor.reply)
    events = tuple(vendor.read(request, source))
    return vendor.reply(request, source, Outcome(events, Grant(), duplicate))


@pytest.mark.parametrize(
    "form", [b"ssl_check=1&token=x", b"token=x&ssl_check=1", b"ssl_check=1", b"ssl%5Fcheck=0&ssl_check=1&a="]
)
def test_the_certificate_check_is_answered_unsigned_with_nothing(arrive: Arrive, source: Made, form: bytes) -> None:
    found = challenge(arrive(form, FORM), source())
    assert found == (Reply(200) if form.count(b"check") == 1 else None)


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (b"ssl_check=0&token=x", FORM),
        (b"ssl_check=", FORM),
        (b"ssl_check=1&ssl_check=1", FORM),
        (b"command=%2Fx&text=ssl_check%3D1", FORM),
        (b'{"ssl_check":"1"}', JSON),
        (b"ssl_check=1", {}),
        (b"ssl_check=1", {"content-type": "text/plain"}),
        (b"", FORM),
        (json.dumps({"type": "url_verification", "challenge": "c"}).encode(), JSON),
    ],
)
def test_nothing_else_is_a_handshake_without_signature(
    arrive: Arrive, source: Made, sent: bytes, headers: dict[str, str]
) -> None:
    assert challenge(arrive(sent, headers), source()) is None


@given(extra=st.binary(max_size=40))
def test_the_answer_to_a_certificate_check_says_nothing_of_what_was_sent(
    arrive: Arrive, source: Made, extra: bytes
) -> None:
    assert challenge(arrive(b"ssl_check=1&" + extra, FORM), source("secret")) in (Reply(200), None)


@pytest.mark.parametrize("duplicate", [False, True])
def test_the_verification_of_the_url_gets_its_challenge_back(arrive: Arrive, source: Made, duplicate: bool) -> None:
    request = arrive(json.dumps({"type": "url_verification", "challenge": "c" * 40, "token": "t"}).encode(), JSON)
    assert reply(request, source(), duplicate=duplicate) == Reply(200, {"challenge": "c" * 40})


@pytest.mark.parametrize("duplicate", [False, True])
@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (json.dumps({"type": "event_callback", "event": {"type": "message"}, "challenge": "x"}).encode(), JSON),
        (json.dumps({"type": "app_rate_limited", "challenge": "x"}).encode(), JSON),
        (urlencode({"payload": '{"type":"block_actions","challenge":"x"}'}).encode(), FORM),
        (urlencode({"payload": '{"type":"url_verification","challenge":"x"}'}).encode(), FORM),
        (urlencode({"payload": '{"type":"view_submission"}'}).encode(), FORM),
        (b"command=%2Frestock&text=belt", FORM),
    ],
)
def test_everything_else_gets_an_empty_200(
    arrive: Arrive, source: Made, sent: bytes, headers: dict[str, str], duplicate: bool
) -> None:
    found = reply(arrive(sent, headers), source(settings=SlackSettings()), duplicate=duplicate)
    assert found == Reply(200)
    assert found.encoded() == (b"", None)


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        ({"command_text": "On it"}, {"text": "On it"}),
        ({"command_text": "On it", "command_visible": True}, {"response_type": "in_channel", "text": "On it"}),
        ({"command_visible": True}, {"response_type": "in_channel"}),
        ({"close_all_views": True}, None),
    ],
)
def test_a_slash_command_is_answered_as_the_settings_say(
    arrive: Arrive, source: Made, settings: dict[str, Any], body: Any
) -> None:
    assert reply(arrive(b"command=%2Fx", FORM), source(settings=SlackSettings(**settings))) == Reply(200, body)


def test_a_submitted_modal_closes_those_beneath_it_if_the_settings_say_so(arrive: Arrive, source: Made) -> None:
    chosen = source(settings=SlackSettings(close_all_views=True, command_text="On it"))
    for kind, body in (("view_submission", {"response_action": "clear"}), ("view_closed", None), ("shortcut", None)):
        sent = urlencode({"payload": json.dumps({"type": kind})}).encode()
        assert reply(arrive(sent, FORM), chosen) == Reply(200, body)


def test_an_acknowledgement_follows_the_event_that_the_hub_kept(arrive: Arrive, source: Made) -> None:
    assert callable(vendor.reply)
    renamed = Outcome((Event("other", {}),), Grant())
    chosen = source(settings=SlackSettings(command_text="On it"))
    assert vendor.reply(arrive(b"command=%2Fx", FORM), chosen, renamed) == Reply(200)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 413, 415, 422])
def test_a_refusal_that_will_not_change_asks_slack_not_to_retry(status: int) -> None:
    refusal = vendor.refusals[status]
    assert refusal.status == status
    assert refusal.headers == {"x-slack-no-retry": "1"}
    assert refusal.encoded() == (b"", None)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_passes_by_itself_may_be_retried(status: int) -> None:
    assert status not in vendor.refusals


def test_settings_know_their_limits() -> None:
    with pytest.raises(ValidationError):
        SlackSettings(command_text="x" * 3_001)
    with pytest.raises(ValidationError):
        SlackSettings.model_validate({"unknown": 1})
