"""Templates of what is signed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Reject
from hub.sdk.schemes.template import ContentTemplate


def test_placeholders_are_filled_in_order_and_may_repeat() -> None:
    template = ContentTemplate.parse("v0:{timestamp}:{body}{body}é")
    assert template.names == ("timestamp", "body", "body")
    assert template.fill({"timestamp": b"1", "body": b"\xff"}) == b"v0:1:\xff\xff" + "é".encode()


def test_doubled_braces_stand_for_braces() -> None:
    assert ContentTemplate.parse("{{{body}}}").fill({"body": b"x"}) == b"{x}"


@given(st.binary())
def test_a_body_may_hold_anything(body: bytes) -> None:
    assert ContentTemplate.parse("{id}.{body}.").fill({"id": b"a", "body": body}) == b"a." + body + b"."


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{id}.{body}", {"id": b"a.b"}),
        ("{id}::{body}", {"id": b"a::b"}),
        ("{timestamp}.{body}", {"timestamp": b"1.5"}),
    ],
)
def test_a_value_that_holds_what_ends_it_is_refused(text: str, values: dict[str, bytes]) -> None:
    with pytest.raises(Reject, match="ends it"):
        ContentTemplate.parse(text).fill({"body": b"x", **values})


def test_an_iso_timestamp_may_hold_colons_and_points() -> None:
    filled = ContentTemplate.parse("v0:{timestamp}:{body}").fill({"timestamp": b"2026-01-01T00:00:00.5Z", "body": b"x"})
    assert filled == b"v0:2026-01-01T00:00:00.5Z:x"


@pytest.mark.parametrize("text", ["{nonce}", "{}", "{body!r}", "{body:x}", "{body.upper}", "{0}"])
def test_an_unknown_placeholder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        ContentTemplate.parse(text)
