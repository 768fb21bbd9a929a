"""What the log may show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.outbound.registry.masking import MASK, Masker, is_credential


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "set-cookie", "X-Api-Key", "x-webhook-signature", "X-Authorization-HMAC-256"]
)
def test_headers_that_carry_credentials_are_known_by_name(name: str) -> None:
    assert is_credential(name)
    assert Masker(()).headers([(name, "v")]) == ((name, MASK),)


def test_other_headers_are_shown() -> None:
    assert not is_credential("Content-Type")
    assert Masker(()).headers([("Content-Type", "text/plain")]) == (("Content-Type", "text/plain"),)


def test_hidden_names_are_masked_whatever_they_are_called() -> None:
    assert Masker(()).headers([("X-Proof", "abc")], {"x-proof"}) == (("X-Proof", MASK),)


@given(before=st.text(), after=st.text(), secret=st.text(min_size=6))
def test_a_value_is_masked_wherever_it_stands(before: str, after: str, secret: str) -> None:
    masked = Masker([secret]).text(before + secret + after)
    assert MASK in masked
    assert secret not in masked.replace(MASK, "") or secret in before + after


def test_the_longest_value_is_masked_first() -> None:
    assert Masker(["secret", "secret-and-more"]).text("a secret-and-more b") == f"a {MASK} b"
