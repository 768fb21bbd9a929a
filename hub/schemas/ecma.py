r"""Regular expressions of ECMA-262, which JSON Schema 6.3.3 prescribes, translated for RE2.

Classes are written out, since RE2 and ECMA-262 disagree about `.`, `\s` and `$`. `^` and `$` are the start and the end
of the text: there is no multi-line mode. Groups capture nothing. Look-around and back-references are refused, because
they cannot be matched in linear time; word boundaries are refused too. `\p` takes the general categories, of which `C`
holds no unassigned code points here.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_letters, digits, hexdigits

__all__ = ["PatternError", "Translation", "translate"]

_LONGEST = 10_000
_DEEPEST = 50
_MOST = 1_000
"""Largest bound of a counted repeat; RE2 also wants the product of nested ones to stay below it."""
_LARGEST = 4_000

_TOO_LARGE = "the pattern's counted repeats make it too large"

_SPACE = r"\x{9}-\x{d}\x{20}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
_NOT_SPACE = (
    r"\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"
    r"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}"
)
_CLASSES = {"d": r"\d", "D": r"\D", "w": r"\w", "W": r"\W", "s": _SPACE, "S": _NOT_SPACE}
r"""What each class escape stands for between the brackets of RE2, whose `\d` and `\w` are those of ECMA-262."""
_WRITTEN = {".": r"[^\n\r\x{2028}\x{2029}]", "^": r"\A", "$": r"\z"}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_CATEGORIES = {"L": "ultmo", "M": "nce", "N": "dlo", "P": "cdseifo", "S": "mcko", "Z": "slp", "C": "cfos"}
"""The letters that may follow the first letter of a general category."""
_LONG_NAMES = {"Letter": "L", "Number": "N", "Punctuation": "P", "Symbol": "S", "Alphabetic": "L"}
_LAST = 0x10FFFF


class PatternError(ValueError):
    """A pattern is not a regular expression, or not one that the hub matches; the message says why."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A pattern, or a part of one, in the syntax of RE2.

    Attributes:
        text: The pattern for RE2.
        size: In how many places a search can be at once; a counted repeat has its part as often as it counts.
        nested: The product of the counted repeats that stand in one another.
    """

    text: str
    size: int = 1
    nested: int = 1


def translate(pattern: str) -> Translation:
    """Translate a pattern of a JSON Schema.

    Raises:
        PatternError: It cannot be read, or cannot be matched in time proportional to the text.
    """
    if len(pattern) > _LONGEST:
        raise PatternError(f"a pattern has at most {_LONGEST} characters")
    reader = _Reader(pattern)
    translation = reader.alternatives(0)
    if reader.more():
        raise reader.error("unmatched )")
    return translation


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

    def alternatives(self, depth: int) -> Translation:
        if depth > _DEEPEST:
            raise self.error(f"groups nest deeper than {_DEEPEST}")
        parts = [self._sequence(depth)]
        while self._eat("|"):
            parts.append(self._sequence(depth))
        return self._joined("|", parts)

    def _sequence(self, depth: int) -> Translation:
        parts: list[Translation] = []
        while self.more() and self._peek() not in "|)":
            parts.append(self._quantified(depth))
        return self._joined("", parts)

    def _joined(self, separator: str, parts: list[Translation]) -> Translation:
        return self._sized(
            separator.join(part.text for part in parts),
            sum(part.size for part in parts),
            max((part.nested for part in parts), default=1),
        )

    def _sized(self, text: str, size: int, nested: int) -> Translation:
        if size > _LARGEST:
            raise self.error(_TOO_LARGE)
        return Translation(text, max(size, 1), nested)

    def _quantified(self, depth: int) -> Translation:
        anchor = self._peek() in "^$"
        part = self._atom(depth)
        bounds = self._bounds()
        if bounds is None:
            return part
        if anchor:
            raise self.error("an anchor cannot be repeated")
        self._eat("?")  # a lazy repeat finds the same texts
        if self._bounds() is not None:
            raise self.error("a repeat of a repeat needs a group")
        return self._repeated(part, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._eat(sign):
                return bounds
        if self._peek() != "{":
            return None
        start = self._at
        self._at += 1
        least = self._number()
        comma = self._eat(",")
        most = self._number() if comma else least
        if least is None or not self._eat("}"):
            self._at = start
            raise self.error("{ must be written \\{ where it is not a repeat")
        if (most is not None and most < least) or max(least, most or 0) > _MOST:
            raise self.error(f"a repeat goes from few to many, up to {_MOST}")
        return least, most

    def _number(self) -> int | None:
        start = self._at
        while self._peek() in set(digits):
            self._at += 1
        return int(self._pattern[start : self._at][:9]) if self._at > start else None

    def _repeated(self, part: Translation, least: int, most: int | None) -> Translation:
        highest = least if most is None else most
        size = part.size * max(highest, 1)
        if size > _LARGEST:  # before the text, which could be long
            raise self.error(_TOO_LARGE)
        if part.nested * highest <= _MOST or highest <= 1:
            text = part.text + _sign(least, most)
            return self._sized(text, size, part.nested * max(highest, 1))
        # RE2 bounds the product of nested counts: x{2,5} is x{2}x{0,3}, each in pieces that are small enough.
        piece = max(1, _MOST // part.nested)
        text = _pieces(part.text, piece, least, "{%d}")
        text += f"{part.text}*" if most is None else _pieces(part.text, piece, most - least, "{0,%d}")
        return self._sized(f"(?:{text})", size, part.nested * piece)

    def _atom(self, depth: int) -> Translation:
        character = self._next()
        if character in _WRITTEN:
            return Translation(_WRITTEN[character])
        if character in "*+?{":
            raise self.error(f"there is nothing to repeat before {character}")
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._class()
        return self._escape() if character == "\\" else Translation(_literal(ord(character)))

    def _group(self, depth: int) -> Translation:
        if self._eat("?"):
            if self._peek() in ("=", "!") or self._pattern[self._at : self._at + 2] in ("<=", "<!"):
                raise self.error("lookaround is not supported, since it cannot be matched in bounded time")
            if self._eat("<"):
                while self._next() != ">":
                    pass
            elif not self._eat(":"):
                raise self.error("(? must be followed by : or <name>")
        inner = self.alternatives(depth + 1)
        if not self._eat(")"):
            raise self.error("missing )")
        return Translation(f"(?:{inner.text})", inner.size, inner.nested)

    def _escape(self) -> Translation:
        character = self._next()
        if character in "bB":
            raise self.error("word boundaries are not supported")
        if character in "123456789k":
            raise self.error("back-references are not supported, since they cannot be matched in bounded time")
        escaped = self._escaped(character)
        return Translation(_literal(escaped) if isinstance(escaped, int) else f"[{escaped}]")

    def _escaped(self, character: str) -> int | str:
        """The code point that an escape stands for, or the members of its class."""
        if character in _CLASSES:
            return _CLASSES[character]
        if character in "pP":
            return f"\\{character}{{{self._category()}}}"
        if character in "xuc":
            return self._hex(2) if character == "x" else self._unicode() if character == "u" else self._control()
        if character.isalnum() and character not in _CONTROLS:
            raise self.error(f"\\{character} is not an escape")
        return _CONTROLS.get(character, ord(character))

    def _control(self) -> int:
        letter = self._next()
        if letter not in ascii_letters:
            raise self.error("\\c must be followed by a letter")
        return ord(letter) % 32

    def _category(self) -> str:
        if not self._eat("{"):
            raise self.error("\\p must be followed by {category}")
        start = self._at
        while self._next() != "}":
            pass
        name = self._pattern[start : self._at - 1].removeprefix("General_Category=").removeprefix("gc=")
        name = _LONG_NAMES.get(name, name)
        if not 1 <= len(name) <= 2 or name[0] not in _CATEGORIES or name[1:] not in ("", *_CATEGORIES[name[0]]):
            raise self.error("only Unicode general categories, such as \\p{L} or \\p{Nd}, are supported")
        return name

    def _hex(self, width: int) -> int:
        written = self._pattern[self._at : self._at + width]
        if len(written) != width or not set(written) <= set(hexdigits):
            raise self.error(f"{width} hex digits are expected")
        self._at += width
        return int(written, 16)

    def _unicode(self) -> int:
        if not self._eat("{"):
            first = self._hex(4)
            pair = self._pattern[self._at : self._at + 6]
            if 0xD800 <= first <= 0xDBFF and pair[:3] in ("\\ud", "\\uD") and pair[3:4] in set("CDEFcdef"):
                self._at += 2
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

    def _class(self) -> Translation:
        negated = self._eat("^")
        members: list[str] = []
        while not self._eat("]"):
            first = self._member()
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._member()
                if not isinstance(first, int) or not isinstance(last, int) or first > last:
                    raise self.error("a range goes from a character to a later one")
                members.append(f"{_literal(first)}-{_literal(last)}")
            else:
                members.append(_literal(first) if isinstance(first, int) else first)
        if not members:  # [] matches nothing and [^] everything; RE2 has no empty class
            members, negated = [f"{_literal(0)}-{_literal(_LAST)}"], not negated
        return Translation(f"[{'^' if negated else ''}{''.join(members)}]")

    def _member(self) -> int | str:
        character = self._next()
        if character != "\\":
            return ord(character)
        escaped = self._next()
        return 8 if escaped == "b" else self._escaped(escaped)


def _literal(point: int) -> str:
    character = chr(point)
    return character if character.isascii() and character.isalnum() else f"\\x{{{point:x}}}"


def _sign(least: int, most: int | None) -> str:
    if most is None:
        return "*" if least == 0 else f"{{{least},}}"
    return f"{{{least},{most}}}"


def _pieces(text: str, piece: int, count: int, form: str) -> str:
    whole, rest = divmod(count, piece)
    return (text + form % piece) * whole + (text + form % rest if rest else "")
