"""Values: exactly one value where one is wanted, repeats kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Reject
from hub.model.wire.values import Values

PAIRS = st.lists(st.tuples(st.sampled_from(["a", "A", "b", "content-type"]), st.text(max_size=3)), max_size=6)


def test_one_value_is_given_by_name() -> None:
    values = Values([("a", "1"), ("b", "2")])
    assert values["a"] == "1"
    assert values.get("b") == "2"


def test_a_missing_name_is_refused_or_defaulted() -> None:
    values = Values([("a", "1")])
    with pytest.raises(Reject, match="b is missing") as caught:
        values["b"]
    assert caught.value.status == 400
    assert values.get("b") is None
    assert values.get("b", "else") == "else"


def test_a_repeated_name_is_refused_by_index_and_by_get() -> None:
    values = Values([("a", "1"), ("a", "2")])
    asks: list[Callable[[], object]] = [lambda: values["a"], lambda: values.get("a"), lambda: values.get("a", "else")]
    for ask in asks:
        with pytest.raises(Reject, match="a is given 2 times") as caught:
            ask()
        assert caught.value.status == 400
    assert values.all("a") == ("1", "2")


def test_headers_are_case_blind_and_read_as_latin_1() -> None:
    headers = Values.of_headers([(b"X-Name", b"caf\xe9"), (b"x-other", b"2")])
    assert headers["x-NAME"] == "caf\xe9"
    assert list(headers) == ["x-name", "x-other"]
    assert "X-Other" in headers
    assert "x-none" not in headers


def test_query_names_keep_their_case() -> None:
    values = Values([("Key", "1"), ("key", "2")])
    assert values["Key"] == "1"
    assert values["key"] == "2"


@pytest.mark.parametrize("name", [7, None, b"a"])
def test_a_name_that_is_not_text_is_not_in_values(name: object) -> None:
    assert name not in Values([("a", "1")])


def test_representation_shows_names_and_no_value() -> None:
    assert repr(Values([("authorization", "Bearer secret")])) == "Values(names=['authorization'])"


def test_equality_follows_order_and_case() -> None:
    assert Values([("A", "1")], caseless=True) == Values([("a", "1")], caseless=True)
    assert Values([("A", "1")]) != Values([("a", "1")])
    assert Values([("a", "1")]) != Values([("a", "1")], caseless=True)
    assert Values([("a", "1"), ("b", "2")]) != Values([("b", "2"), ("a", "1")])
    assert Values([("a", "1")]) != {"a": "1"}
    assert len({Values([("A", "1")], caseless=True), Values([("a", "1")], caseless=True)}) == 1


@given(PAIRS, st.booleans())
def test_every_pair_is_found_again(pairs: list[tuple[str, str]], caseless: bool) -> None:
    values = Values(pairs, caseless=caseless)
    assert values.pairs == tuple(pairs)
    assert sum(len(values.all(name)) for name in values) == len(pairs)
    assert len(values) == len(list(values))
    for name in values:
        same_name = [value for key, value in pairs if (key.lower() if caseless else key) == name]
        assert values.all(name) == tuple(same_name)
