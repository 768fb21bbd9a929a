"""Which headers a caller may set."""

from __future__ import annotations

import pytest

from hub.egress.exchange.headers import FRAMING, check_headers
from hub.errors import Invalid


def test_mappings_and_pairs_become_pairs() -> None:
    assert check_headers({"X-A": "1"}) == [("X-A", "1")]
    assert check_headers([("X-A", "1"), ("X-A", "2\té")]) == [("X-A", "1"), ("X-A", "2\té")]


@pytest.mark.parametrize("name", sorted(FRAMING))
def test_headers_that_frame_the_request_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_headers({name.title(): "x"})
    assert caught.value.problems[0].message.endswith("is set by the hub itself")


@pytest.mark.parametrize("value", ["a\r\nHost: b", "a\nb", "a\rb", "a\x00b", "\x1b[0m", "\x7f"])
def test_values_with_control_characters_are_refused(value: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_headers({"X-A": value}, "/headers")
    assert caught.value.problems[0].pointer == "/headers/X-A"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "a\r\nb", "a/b~c", "{x}"])
def test_names_that_are_no_tokens_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_headers({name: "x"}, "/h")
    assert caught.value.problems[0].pointer == "/h/" + name.replace("~", "~0").replace("/", "~1")
