r"""Regular expressions of JSON Schemas (ECMA-262, as JSON Schema 6.3.3 wants them), read into a tree.

Everything that can be matched in time proportional to the text is read. Back-references, lookaround and word
boundaries cannot or are not worth it and are refused with a sentence that says so. `^` and `$` mean the whole text
(no multi-line), `\d`, `\w` and `\s` mean what ECMA-262 says, whatever Python's `re` would make of them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

__all__ = ["Alternatives", "Anchor", "Characters", "Node", "PatternError", "Repeat", "Sequence", "parse"]

_LONGEST = 10_000
_DEEPEST = 50
_MOST = 1_000


class PatternError(ValueError):
    """A pattern that is no regular expression, or one that cannot be matched in bounded time."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of a set.

    Attributes:
        ranges: Pairs of code points, both inclusive.
        categories: Unicode general categories or their first letters, each with whether it is negated.
        negated: Whether the set is what is not listed.
    """

    ranges: tuple[tuple[int, int], ...]
    categories: tuple[tuple[str, bool], ...] = ()
    negated: bool = False

    def holds(self, character: str) -> bool:
        """Whether `character` is in the set."""
        point = ord(character)
        found = any(low <= point <= high for low, high in self.ranges)
        if not found and self.categories:
            category = unicodedata.category(character)
            found = any(category.startswith(name) is not negated for name, negated in self.categories)
        return found is not self.negated


@dataclass(frozen=True, slots=True)
class Anchor:
    """The start of the text, or its end."""

    start: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least `least` times and at most `most` times (None: any number). Greedy or not makes no difference here."""

    part: Node
    least: int
    most: int | None


Node = Characters | Anchor | Sequence | Alternatives | Repeat

_DIGIT = ((48, 57),)
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE = ((9, 13), (32, 32), (160, 160), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
          (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF))  # fmt: skip
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_ANY = Characters(((10, 10), (13, 13), (0x2028, 0x2029)), negated=True)
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_LAST = 0x10FFFF


def _complement(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    gaps: list[tuple[int, int]] = []
    after = 0
    for low, high in sorted(ranges):
        if low > after:
            gaps.append((after, low - 1))
        after = max(after, high + 1)
    if after <= _LAST:
        gaps.append((after, _LAST))
    return tuple(gaps)


def parse(pattern: str) -> Node:
    """Read a pattern.

    Raises:
        PatternError: It cannot be read or not be matched in bounded time; the message says why.
    """
    if len(pattern) > _LONGEST:
        raise PatternError(f"a pattern has at most {_LONGEST} characters")
    reader = _Reader(pattern)
    node = reader.alternatives(0)
    if reader.more():
        raise reader.error("unmatched )")
    return node


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def more(self) -> bool:
        return self._at < len(self._pattern)

    def error(self, message: str) -> PatternError:
        return PatternError(f"{message}, at position {self._at} of the pattern")

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        if not character:
            raise self.error("the pattern ends too early")
        self._at += 1
        return character

    def _eat(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._at)
        if found:
            self._at += len(text)
        return found

    def alternatives(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self.error(f"groups nest deeper than {_DEEPEST}")
        parts = [self._sequence(depth)]
        while self._eat("|"):
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Alternatives(tuple(parts))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.more() and self._peek() not in "|)":
            parts.append(self._quantified(self._atom(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _quantified(self, node: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        if isinstance(node, Anchor):
            raise self.error("an anchor cannot be repeated")
        self._eat("?")
        if self._bounds() is not None:
            raise self.error("a repeat of a repeat needs a group")
        least, most = bounds
        return Repeat(node, least, most)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._eat(sign):
                return bounds
        if self._peek() != "{":
            return None
        start = self._at
        self._at += 1
        least = self._digits()
        comma = self._eat(",")
        most = self._digits() if comma else least
        if least is None or not self._eat("}"):
            self._at = start
            raise self.error("{ must be written \\{ where it is no repeat")
        if (most is not None and most < least) or max(least, most or 0) > _MOST:
            raise self.error(f"a repeat goes from few to many, up to {_MOST}")
        return least, most

    def _digits(self) -> int | None:
        start = self._at
        while self._peek() in set("0123456789"):
            self._at += 1
        return int(self._pattern[start : self._at][:9]) if self._at > start else None

    def _atom(self, depth: int) -> Node:
        character = self._next()
        node: Node
        match character:
            case ".":
                node = _ANY
            case "^" | "$":
                node = Anchor(start=character == "^")
            case "(":
                node = self._group(depth)
            case "[":
                node = self._class()
            case "\\":
                node = self._escape()
            case "*" | "+" | "?" | "{":
                raise self.error(f"nothing to repeat before {character}")
            case _:
                node = _literal(ord(character))
        return node

    def _group(self, depth: int) -> Node:
        if self._eat("?"):
            if self._peek() in ("=", "!") or self._pattern[self._at : self._at + 2] in ("<=", "<!"):
                raise self.error("lookaround is not supported, since it cannot be matched in bounded time")
            if self._eat("<"):
                while self._next() != ">":
                    pass
            elif not self._eat(":"):
                raise self.error("(? must be followed by : or <name>")
        node = self.alternatives(depth + 1)
        if not self._eat(")"):
            raise self.error("missing )")
        return node

    def _escape(self) -> Characters:
        character = self._next()
        if character in "bB":
            raise self.error("word boundaries are not supported")
        if character in "123456789k":
            raise self.error("back-references are not supported, since they cannot be matched in bounded time")
        return self._escaped(character)

    def _escaped(self, character: str) -> Characters:
        lower = character.lower()
        if lower in _CLASSES:
            ranges = _CLASSES[lower]
            return Characters(ranges if character == lower else _complement(ranges))
        if lower == "p":
            return Characters((), ((self._property(), character == "P"),))
        if character in _CONTROLS:
            point = _CONTROLS[character]
        elif character == "x":
            point = self._hex(2)
        elif character == "u":
            point = self._unicode()
        elif character == "c":
            point = ord(self._next()) % 32
        elif character.isalnum():
            raise self.error(f"\\{character} is no escape")
        else:
            point = ord(character)
        return _literal(point)

    def _property(self) -> str:
        if not self._eat("{"):
            raise self.error("\\p must be followed by {category}")
        start = self._at
        while self._next() != "}":
            pass
        name = self._pattern[start : self._at - 1].removeprefix("General_Category=").removeprefix("gc=")
        name = {"Letter": "L", "Number": "N", "Punctuation": "P", "Symbol": "S", "Alphabetic": "L"}.get(name, name)
        if not 1 <= len(name) <= 2 or name[0] not in "LMNPSZC":
            raise self.error("only Unicode general categories, such as \\p{L} or \\p{Nd}, are supported")
        return name

    def _hex(self, width: int) -> int:
        digits = self._pattern[self._at : self._at + width]
        try:
            value = int(digits, 16) if len(digits) == width and digits.isalnum() else -1
        except ValueError:
            value = -1
        if value < 0:
            raise self.error(f"{width} hex digits are expected")
        self._at += width
        return value

    def _unicode(self) -> int:
        if not self._eat("{"):
            first = self._hex(4)
            if 0xD800 <= first <= 0xDBFF and self._eat("\\u"):
                return 0x10000 + ((first - 0xD800) << 10) + (self._hex(4) - 0xDC00)
            return first
        end = self._pattern.find("}", self._at)
        if not 1 <= end - self._at <= 6:
            raise self.error("\\u{…} takes one to six hex digits")
        value = self._hex(end - self._at)
        self._at += 1
        if value > _LAST:
            raise self.error("there is no such code point")
        return value

    def _class(self) -> Characters:
        negated = self._eat("^")
        ranges: list[tuple[int, int]] = []
        categories: list[tuple[str, bool]] = []
        while not self._eat("]"):
            first = self._member()
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._member()
                low, high = _single(first), _single(last)
                if low is None or high is None or low > high:
                    raise self.error("a range goes from a character to a later one")
                ranges.append((low, high))
            else:
                ranges.extend(first.ranges)
                categories.extend(first.categories)
        return Characters(tuple(ranges), tuple(categories), negated)

    def _member(self) -> Characters:
        character = self._next()
        if character != "\\":
            return _literal(ord(character))
        escaped = self._next()
        return _literal(8) if escaped == "b" else self._escaped(escaped)


def _literal(point: int) -> Characters:
    return Characters(((point, point),))


def _single(characters: Characters) -> int | None:
    ranges = characters.ranges
    one = len(ranges) == 1 and ranges[0][0] == ranges[0][1] and not characters.categories
    return ranges[0][0] if one else None
