"""Reads the JSON or YAML text of a definition into JSON values.

YAML is read event by event into JSON values and nothing else: by the core schema of YAML 1.2 (`yes`, `on` and dates are
strings), without anchors, aliases, tags, several documents or repeated keys.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from hub.errors import Invalid, Problem
from hub.model.json import loads
from hub.workflows.limits import MAX_DEPTH, MAX_DOCUMENT

__all__ = ["read_document"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,3})?")


def read_document(text: str | bytes) -> Any:
    """The JSON value of a JSON or YAML text; a text that begins with a brace is JSON.

    Raises:
        Invalid: The text is too large or too deep, cannot be read, or uses a feature of YAML that is not allowed.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _refused("is not UTF-8") from error
    if len(text) > MAX_DOCUMENT:
        raise _refused(f"is longer than {MAX_DOCUMENT} characters")
    if text.lstrip().startswith("{"):
        try:
            return loads(text)
        except ValueError as error:
            raise _refused(f"is not JSON: {error}") from error
    try:
        return _Reader(text).document()
    except yaml.YAMLError as error:
        raise _refused(f"is not YAML: {' '.join(str(error).split())}") from error


def _refused(message: str) -> Invalid:
    return Invalid(f"The definition {message}.", (Problem("", message),))


class _Reader:
    """Builds values from the events of the YAML parser."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Any:
        """The value of the one document."""
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        value = self._value(self._next(), 0)
        self._next()
        if not isinstance(self._next(), yaml.StreamEndEvent):
            raise _refused("has more than one document")
        return value

    def _next(self) -> Any:
        return next(self._events)

    def _value(self, event: Any, depth: int) -> Any:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _refused(f"uses a YAML anchor or alias in line {line}; write the value out")
        if event.tag is not None and event.tag != "!":
            raise _refused(f"uses the YAML tag {event.tag!r} in line {line}; tags are not allowed")
        if depth > MAX_DEPTH:
            raise _refused(f"is nested more than {MAX_DEPTH} levels deep in line {line}")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(depth)
        return self._mapping(depth)

    def _sequence(self, depth: int) -> list[Any]:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise _refused(f"has a key in line {line} that is not a plain string")
            if event.value in found:
                raise _refused(f"repeats the key {event.value!r} in line {line}")
            found[event.value] = self._value(self._next(), depth + 1)
        return found


def _scalar(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and abs(number := float(text)) != float("inf"):
        return number
    return text
