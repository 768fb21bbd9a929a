"""VibeIQ's form of an id."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.ids import short_id


@given(st.binary(min_size=16, max_size=16))
@settings(max_examples=500)
def test_a_short_id_is_stable_and_never_looks_like_an_option(raw: bytes) -> None:
    text = short_id(raw)
    assert re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_-]{15}", text)
    assert text == short_id(raw)
