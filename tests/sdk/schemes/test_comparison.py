"""Secrets are compared by their bytes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.schemes.comparison import same


def test_same_compares_text_and_bytes() -> None:
    assert same("a", "a")
    assert same(b"a", "a")
    assert same("é", "é".encode())
    assert same("é".encode().decode("latin-1"), "é".encode())
    assert not same("é".encode().decode("latin-1"), "é")
    assert not same("a", "b")
    assert not same("a", "ab")


def test_same_says_that_empty_equals_nothing() -> None:
    assert not same("", "")
    assert not same(b"", b"")
    assert not same("", b"")


def test_same_of_anything_else_is_false() -> None:
    nothing: Any = None
    assert not same(nothing, nothing)
    assert not same("a", nothing)
    assert not same(nothing, b"a")


@given(st.text(), st.text())
def test_same_is_equality_of_text_that_is_not_empty(a: str, b: str) -> None:
    assert same(a, b) == (a == b and a != "")
    assert same(a, a) == (a != "")
