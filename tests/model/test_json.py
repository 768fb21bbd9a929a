"""JSON: numbers that a float cannot hold are refused, everything else is kept as it was written."""

from __future__ import annotations

import pytest

from hub.model.json import dumps, loads


@pytest.mark.parametrize(
    "text",
    [
        b"1e400",
        b"-1E+309",
        b"1e0400",
        b'{"a":[{"b":1.5e999}]}',
        b"9" * 309 + b".0",
        b"9" * 300 + b"e10",
        "[1e400]",
        b"NaN",
        b"[-Infinity]",
    ],
)
def test_a_number_that_would_become_infinity_is_refused(text: bytes | str) -> None:
    with pytest.raises(ValueError, match=r"too large|expected|column"):
        loads(text)


@pytest.mark.parametrize(
    "text",
    [
        b"9" * 400,
        b'{"n":123456789012345678901234567890}',
        b"1.7976931348623157e+308",
        b'["1e400","0e000"]',
        b'{"1e400":"' + b"9" * 300 + b'"}',
    ],
)
def test_large_integers_floats_and_texts_that_look_like_them_are_kept(text: bytes) -> None:
    assert dumps(loads(text)) == text


def test_a_number_too_small_for_a_float_is_zero() -> None:
    assert loads(b"1e-400") == 0.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'{"t":"\ud83d"}', {"t": "\ufffd"}),
        (rb'{"t":"\uDE00"}', {"t": "\ufffd"}),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\ud83d\ud83d\ude00\ude00"', "\ufffd\U0001f600\ufffd"),
        (rb'"\ud83dx\u00e9"', "\ufffdx\u00e9"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'{"\udbff":1}', {"\ufffd": 1}),
    ],
)
def test_half_a_surrogate_pair_is_read_as_the_replacement_character(text: bytes, value: object) -> None:
    assert loads(text) == value
    assert loads(text.decode()) == value


@pytest.mark.parametrize("text", [b'"\\ud83"', b'"\\ud83d', b'"\xed\xa0\xbd"', b"\\ud83d"])
def test_what_is_not_json_stays_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"line|expected|invalid"):
        loads(text)
