"""Patterns of JSON Schemas are matched in bounded time and mean what ECMA-262 says."""

from __future__ import annotations

import contextlib
import re
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.schemas.ecma import PatternError, translate
from hub.schemas.regex import Regex, regex

_ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\w", "[a-c0-1]", "x"])


def _pattern(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return _ATOMS
    inner = _pattern(depth - 1)
    return st.one_of(
        _ATOMS,
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0}", "*?", "{1,}?"])).map(
            lambda parts: f"(?:{parts[0]}){parts[1]}"
        ),
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
    )


@given(
    pattern=_pattern(3),
    start=st.sampled_from(["", "^"]),
    end=st.sampled_from(["", "$"]),
    text=st.text(alphabet="abcx01 \n", max_size=12),
)
def test_it_agrees_with_the_regular_expressions_of_python(pattern: str, start: str, end: str, text: str) -> None:
    ours = Regex(f"{start}(?:{pattern}){end}").search(text)
    theirs = re.search(f"{start}(?:{pattern}){end.replace('$', chr(92) + 'Z')}", text, re.ASCII)
    assert ours is (theirs is not None)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r"^\p{Lu}\p{L}*$", "Ärger", "ärger"),
        (r"^\P{L}+$", "123", "a"),
        (r"^[\p{Nd}_]+$", "\u0663_1", "x"),
        (r"^é$", "é", "e"),
        (r"^\u{1F600}$", "😀", "x"),
        (r"^\uD83D\uDE00$", "😀", "x"),
        (r"^\x41\cA\t$", "A\x01\t", "A"),
        (r"^[\b]$", "\b", "b"),
        (r"^\/\.\-$", "/.-", "a"),
        (r"^(?<year>\d{4})-\d\d$", "2026-11", "26-11"),
        (r"^a$", "a", "a\n"),
        (r"^\d$", "1", "\u0661"),
        (r"^\s$", "\u2003", "x"),
        (r"^[^\s]$", "x", " "),
        (r"^.$", "x", "\u2028"),
        (r"^[-a]+$", "a-", "b"),
        (r"^[]|x$", "x", "y"),
        (r"^[^]$", "\n", ""),
        (r"^\uD83D[\uDE00]$", "\ud83d\ude00", "😀"),
        (r"^[\ud800-\udfff]$", "\ud900", "a"),
        (r"^[\w-]+$", "a-b_1", "a b"),
        (r"^[\]\\^-]+$", "]^\\-", "["),
        (r"^a]}$", "a]}", "a"),
        (r"^(?:a|b)?c{0}$", "a", "ac"),
        (r"a$|^b", "xa", "xb"),
        (r"^.{2,}?$", "ab", "a"),
        (r"", "anything", None),
        (r"^(a|)$", "", "b"),
    ],
)
def test_patterns_mean_what_ecma_262_says(pattern: str, matching: str, other: str | None) -> None:
    assert Regex(pattern).search(matching)
    assert other is None or not Regex(pattern).search(other)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(a)\1", "back-references"),
        (r"(?<x>a)\k<x>", "back-references"),
        (r"(?=a)", "lookaround"),
        (r"(?!a)", "lookaround"),
        (r"(?<=a)b", "lookaround"),
        (r"\bword\b", "word boundaries"),
        (r"(", "missing )"),
        (r")", "unmatched )"),
        (r"[a", "too early"),
        (r"[z-a]", "range"),
        (r"[\d-z]", "range"),
        (r"*a", "nothing to repeat"),
        (r"a**", "needs a group"),
        (r"^*", "anchor"),
        (r"a{3,1}", "from few to many"),
        (r"a{2000}", "from few to many"),
        (r"a{", "must be written"),
        (r"((a{100}){100}){100}", "too large"),
        (r"\q", "is not an escape"),
        (r"\c1", "followed by a letter"),
        (r"\p{Cn}", "general categories"),
        (r"\xZZ", "hex digits"),
        (r"\u{110000}", "no such code point"),
        (r"\u{}", "hex digits"),
        (r"\p{Script=Greek}", "general categories"),
        (r"\pL", "followed by"),
        (r"(?i)a", "must be followed"),
        ("(" * 100, "nest deeper"),
        ("a" * 20_000, "at most"),
        ("\\", "too early"),
    ],
)
def test_what_cannot_be_matched_in_bounded_time_is_refused_with_a_sentence(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=re.escape(why)):
        Regex(pattern)


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"^(a|a)*$", r"^(a*)*b$", r"(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_patterns_that_never_end_elsewhere_are_quick(pattern: str) -> None:
    """Python's own expressions would take longer than the age of the universe for these."""
    compiled = Regex(pattern)
    started = time.perf_counter()
    compiled.search("a" * 20_000 + "!")
    assert time.perf_counter() - started < 2


def test_the_cost_of_a_search_is_known_before_it() -> None:
    """A pattern made to be in hundreds of places at once costs hundreds of times as much as a plain one."""
    bomb = Regex("(a|b)*a" + "(a|b)" * 900 + "c")
    plain = Regex("^[a-z]+@[a-z]+$")
    assert bomb.cost("ab" * 20_000) > 30_000_000
    assert plain.cost("ab" * 20_000) < 500_000


def test_a_pattern_takes_bounded_memory_and_time_to_compile() -> None:
    started = time.process_time()
    with pytest.raises(PatternError, match="too large to compile"):
        Regex(r"^[\p{L}\p{N}]{1,1000}$")
    assert time.process_time() - started < 1
    assert Regex(r"^\p{L}{1,100}$").search("é" * 100)


def test_equal_patterns_are_compiled_once() -> None:
    assert regex("^a$") is regex("^a$")


@pytest.mark.parametrize("name", ["d", "w", "s"])
def test_a_class_and_its_opposite_share_no_character_and_leave_out_none(name: str) -> None:
    inside, outside = Regex(f"^\\{name}$"), Regex(f"^\\{name.upper()}$")
    both = Regex(f"^[\\{name}\\{name.upper()}]$")
    for point in [*range(0x3100), 0xD800, 0xDFFF, 0xFEFE, 0xFEFF, 0xFF00, sys.maxunicode]:
        assert inside.search(chr(point)) is not outside.search(chr(point))
        assert both.search(chr(point))


def test_white_space_is_that_of_ecma_262() -> None:
    """Its WhiteSpace (tab, vertical tab, form feed, U+FEFF and the category Zs) and its line terminators."""
    space = Regex(r"^\s$")
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        expected = character in "\t\v\f\ufeff\n\r\u2028\u2029" or unicodedata.category(character) == "Zs"
        assert space.search(character) is expected, hex(point)


@pytest.mark.parametrize("category", ["Lu", "Ll", "Nd", "Zs", "Sc", "Pd"])
def test_categories_are_those_of_unicode(category: str) -> None:
    """Compared below U+0250, where no version of Unicode has changed one for long."""
    inside, outside = Regex(rf"^\p{{{category}}}$"), Regex(rf"^[^\p{{gc={category}}}]$")
    for point in range(0x250):
        expected = unicodedata.category(chr(point)) == category
        assert inside.search(chr(point)) is expected
        assert outside.search(chr(point)) is not expected


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r"^([a-z]{1,63}\.){1,32}$", "a." * 32, "a." * 33),
        (r"^(?:(?:ab{2,3}){300}){2,3}$", "abbabbb" * 300, "abb" * 599),
        (r"^((a{2}){3}){300,}$", "a" * 1_806, "a" * 1_794),
    ],
)
def test_counts_in_counts_multiply(pattern: str, matching: str, other: str) -> None:
    """RE2 itself refuses counts whose product is over a thousand."""
    assert Regex(pattern).search(matching)
    assert not Regex(pattern).search(other)


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    with contextlib.suppress(PatternError):
        translate(text)


@given(st.text(alphabet="ab(){}[]|^$.*+?-,:<>=!\\\\dwsbpuxc0129LZ\u00e9", max_size=30))
def test_what_is_translated_is_compiled(text: str) -> None:
    try:
        translation = translate(text)
    except PatternError:
        return
    if translation.size < 100:
        Regex(text).search(text)
