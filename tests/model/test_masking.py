"""Masking: no secret is left in a text, a JSON value or a header."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.masking import Mask, is_credential, masked_end

MASK = "********"

texts = st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "set-cookie", "X-Api-Key", "x-webhook-signature", "X-Authorization-HMAC-256"]
)
def test_headers_that_carry_credentials_are_known_by_name(name: str) -> None:
    assert is_credential(name)
    assert Mask().headers([(name, "v")]) == ((name, MASK),)


def test_other_headers_are_shown() -> None:
    assert not is_credential("Content-Type")
    assert Mask().headers([("Content-Type", "text/plain")]) == (("Content-Type", "text/plain"),)


def test_hidden_names_are_masked_whatever_they_are_called() -> None:
    assert Mask().headers([("X-Proof", "abc")], {"x-proof"}) == (("X-Proof", MASK),)


@given(value=values, before=texts, after=texts, secret=st.text("abcdef0123456789", min_size=8, max_size=20))
def test_no_secret_is_left_in_any_string_or_key(value: Any, before: str, after: str, secret: str) -> None:
    seen = Mask([secret]).value([value, {before + secret + after: [secret, before + secret]}])
    assert secret not in repr(seen)


@given(value=values)
def test_without_a_secret_values_stay_as_they_are(value: Any) -> None:
    assert Mask().value(value) is value


def test_a_short_secret_is_masked_only_where_it_stands_alone() -> None:
    mask = Mask(["ab", ""])
    assert mask.value(["ab", "cab", ""]) == [MASK, "cab", ""]


@given(before=st.text(), after=st.text(), secret=st.text(min_size=6))
def test_a_value_is_masked_wherever_it_stands(before: str, after: str, secret: str) -> None:
    masked = Mask([secret]).text(before + secret + after)
    assert MASK in masked
    assert secret not in masked.replace(MASK, "") or secret in before + after


def test_the_longest_value_is_masked_first() -> None:
    assert Mask(["secret", "secret-and-more"]).text("a secret-and-more b") == f"a {MASK} b"


def test_a_caller_may_ask_for_longer_values_before_texts_are_searched() -> None:
    mask = Mask(["five5"], shortest=6)
    assert mask.text("five5 and more") == "five5 and more"
    assert mask.text("five5") == MASK


def test_people_tell_long_secrets_apart_by_their_end() -> None:
    assert masked_end("a-long-secret-value1234") == "********1234"
    assert masked_end("fifteen-letters") == "********"
