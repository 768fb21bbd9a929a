"""Signed links: what they lead to, and that nobody else can make or change one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.web.links import Link, Links, Purpose
from hub.errors import Reject
from hub.model.times import SECOND
from hub.testing.clock import ManualClock

KEY = bytes(range(32))
ORG = bytes(16)
EXECUTION = bytes(range(16))
ids = st.binary(min_size=16, max_size=16)


def links(key: bytes = KEY, clock: ManualClock | None = None) -> Links:
    return Links(key, clock or ManualClock(), "https://hub.example")


def token(url: str, path: str = "results") -> str:
    prefix = f"https://hub.example/api/{path}/"
    assert url.startswith(prefix)
    return url.removeprefix(prefix)


def refusal(one: Links, text: str, purpose: Purpose = "result") -> int:
    with pytest.raises(Reject) as caught:
        one.read(text, purpose)
    return caught.value.status


@given(org=ids, execution=ids)
def test_a_link_leads_to_its_execution_and_fits_into_a_path(org: bytes, execution: bytes) -> None:
    made = token(links().url("status", org, execution, 60), "status")
    assert links().read(made, "status") == Link(org, execution)
    assert all(character.isalnum() or character in "-_." for character in made)


@given(place=st.integers(min_value=0), character=st.sampled_from("ABCabc019-_."))
def test_a_changed_character_is_refused(place: int, character: str) -> None:
    made = token(links().url("result", ORG, EXECUTION, 60))
    # The last character carries two bits that base64 ignores.
    place %= len(made) - 1
    changed = made[:place] + character + made[place + 1 :]
    if changed != made:
        assert refusal(links(), changed) == 403


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    assert refusal(links(), text) == 403


def test_a_link_of_another_purpose_or_key_is_refused() -> None:
    made = token(links().url("result", ORG, EXECUTION, 60))
    assert refusal(links(), made, "status") == 403
    assert refusal(links(key=KEY[::-1]), made) == 403


def test_a_link_works_until_it_expires() -> None:
    clock = ManualClock()
    made = token(links(clock=clock).url("result", ORG, EXECUTION, 60))
    clock.set(clock.now() + 60 * SECOND - 1)
    assert links(clock=clock).read(made, "result") == Link(ORG, EXECUTION)
    clock.set(clock.now() + 1)
    assert refusal(links(clock=clock), made) == 410
