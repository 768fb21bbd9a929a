"""Patterns of JSON Schemas are matched in bounded time, as ECMA-262 means them."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.schemas.automaton import Automaton, TooSlow, automaton
from hub.schemas.patterns import PatternError, parse

_ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\w", "[a-c0-1]", "x"])


def _pattern(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return _ATOMS
    inner = _pattern(depth - 1)
    return st.one_of(
        _ATOMS,
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])).map(
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
    ours = Automaton(f"{start}(?:{pattern}){end}").search(text)
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
        (r"", "anything", None),
        (r"^(a|)$", "", "b"),
    ],
)
def test_what_ecma_262_writes(pattern: str, matching: str, other: str | None) -> None:
    assert Automaton(pattern).search(matching)
    assert other is None or not Automaton(pattern).search(other)


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
        (r"\q", "no escape"),
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
        Automaton(pattern)


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"^(a|a)*$", r"^(a*)*b$", r"(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_patterns_that_never_end_elsewhere_are_quick(pattern: str) -> None:
    """Python's own expressions take longer than the universe has been there for these."""
    compiled = Automaton(pattern)
    started = time.perf_counter()
    compiled.search("a" * 20_000 + "!")
    assert time.perf_counter() - started < 2


def test_a_pattern_made_to_blow_up_its_states_is_stopped() -> None:
    bomb = Automaton("(a|b)*a" + "(a|b)" * 900 + "c")
    with pytest.raises(TooSlow):
        bomb.search("ab" * 20_000)


def test_equal_patterns_share_an_automaton() -> None:
    assert automaton("^a$") is automaton("^a$")


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    with contextlib.suppress(PatternError):
        assert parse(text) is not None
