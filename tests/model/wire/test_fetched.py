"""Fetched: the answer to an outgoing call."""

from __future__ import annotations

import pytest

from hub.model.wire.fetched import Fetched
from hub.model.wire.values import Values


def test_an_answer_reads_as_json_and_as_text() -> None:
    answer = Fetched(200, Values(()), b'\xef\xbb\xbf{"a":1}')
    assert answer.json() == {"a": 1}
    assert Fetched(200, Values(()), b"a\xff").text == "a\ufffd"


def test_an_answer_that_is_no_json_says_so() -> None:
    with pytest.raises(ValueError, match=r"JSON|EOF|expected"):
        Fetched(200, Values(()), b"<html>").json()


def test_representation_hides_what_was_fetched() -> None:
    assert "private" not in repr(Fetched(200, Values((("set-cookie", "private"),)), b"private"))
