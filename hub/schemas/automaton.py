"""Matching in bounded time: a pattern becomes an automaton, its deterministic states are made as texts ask for them.

No backtracking: each character of the text is looked at once, and costs one look-up where the state was met before.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from hub.schemas.patterns import Alternatives, Anchor, Characters, Node, PatternError, Repeat, Sequence, parse

__all__ = ["Automaton", "TooSlow", "automaton"]

_LARGEST = 4_000
_STEPS = 200_000
_CACHED = 20_000

_SPLIT, _START, _END, _MATCH = range(4)
_States = frozenset[int]


class TooSlow(Exception):
    """A text took more steps than one may."""


class Automaton:
    """A compiled pattern.

    Args:
        pattern: As JSON Schemas have them; found anywhere in a text unless it is anchored.

    Attributes:
        steps: What the last search cost beyond one look-up for each character.

    Raises:
        PatternError: It cannot be read, or its counted repeats make it too large.
    """

    def __init__(self, pattern: str) -> None:
        self._reads: list[Characters | int] = []
        self._next: list[tuple[int, ...]] = []
        final = self._add(_MATCH, ())
        self._first = self._build(parse(pattern), final)
        self._initial = self._closure((self._first,), start=True)
        self._restart = self._closure((self._first,))
        self._moves: dict[tuple[_States, str], _States] = {}
        self.steps = 0

    def search(self, text: str) -> bool:
        """Whether the pattern is found in the text.

        Raises:
            TooSlow: The text takes too many steps, which only a pattern made for it can bring about.
        """
        self.steps = 0
        states = self._initial
        for character in text:
            if 0 in states:
                return True
            following = self._moves.get((states, character))
            states = self._move(states, character) if following is None else following
        return 0 in states or 0 in self._closure(states, end=True)

    def _move(self, states: _States, character: str) -> _States:
        self.steps += len(states) + 1
        if self.steps > _STEPS:
            raise TooSlow
        reached = [
            self._next[state][0]
            for state in states
            if isinstance(reads := self._reads[state], Characters) and reads.holds(character)
        ]
        following = self._closure(reached) | self._restart if reached else self._restart
        if len(self._moves) >= _CACHED:
            self._moves.clear()
        self._moves[states, character] = following
        return following

    def _closure(self, states: Iterable[int], *, start: bool = False, end: bool = False) -> _States:
        seen: set[int] = set()
        todo = list(states)
        kept: set[int] = set()
        while todo:
            state = todo.pop()
            if state in seen:
                continue
            seen.add(state)
            reads = self._reads[state]
            if isinstance(reads, Characters) or reads == _MATCH:
                kept.add(state)
            elif reads == _SPLIT or (reads == _START and start) or (reads == _END and end):
                todo.extend(self._next[state])
            elif reads == _END:
                kept.add(state)
        return frozenset(kept)

    def _add(self, reads: Characters | int, following: tuple[int, ...]) -> int:
        if len(self._reads) >= _LARGEST:
            raise PatternError("the pattern's counted repeats make it too large")
        self._reads.append(reads)
        self._next.append(following)
        return len(self._reads) - 1

    def _build(self, node: Node, after: int) -> int:
        match node:
            case Characters():
                return self._add(node, (after,))
            case Anchor(start):
                return self._add(_START if start else _END, (after,))
            case Sequence(parts):
                for part in reversed(parts):
                    after = self._build(part, after)
                return after
            case Alternatives(parts):
                return self._add(_SPLIT, tuple(self._build(part, after) for part in parts))
            case Repeat():
                return self._repeat(node, after)

    def _repeat(self, node: Repeat, after: int) -> int:
        if node.most is None:
            loop = self._add(_SPLIT, ())
            self._next[loop] = (self._build(node.part, loop), after)
            after = loop
        else:
            end = after
            for _ in range(node.most - node.least):
                after = self._add(_SPLIT, (self._build(node.part, after), end))
        for _ in range(node.least):
            after = self._build(node.part, after)
        return after


@lru_cache(maxsize=2_000)
def automaton(pattern: str) -> Automaton:
    """The automaton of a pattern, made once; raises `PatternError`."""
    return Automaton(pattern)
