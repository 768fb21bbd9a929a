"""Which fields of a JSON value its schema does not describe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from hub.model.pointers import pointer_of, steps_of
from hub.schemas.ecma import PatternError
from hub.schemas.regex import regex

__all__ = ["unknown_fields"]

_MOST = 20
_DEPTH = 32
_STEPS = 20_000
_MATCHING_STEPS = 1_000
"""Steps of a search for a pattern that count as one step here."""
_COMBINED = ("allOf", "anyOf", "oneOf")
_CONDITIONAL = ("then", "else", "not")


def unknown_fields(schema: Any, value: Any) -> tuple[str, ...]:
    """Pointers to fields that no part of the schema names, at most twenty; an item of an array is written `*`.

    A field is known where any branch that may apply (`allOf`, `anyOf`, `if`, …) names it. An object of which the
    schema names no field may have any.

    Args:
        schema: A JSON Schema that `compile_schema` accepts.
        value: The JSON value.
    """
    found = _Walk(schema).unknown([schema], value, "", 0)
    return tuple(dict.fromkeys(islice(found, _MOST)))


class _Walk:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = _STEPS

    def unknown(self, schemas: Sequence[Any], value: Any, pointer: str, depth: int) -> Iterator[str]:
        if depth > _DEPTH or self._steps <= 0 or not isinstance(value, (dict, list)):
            return
        parts = [part for schema in schemas for part in self._parts(schema, 0)]
        if isinstance(value, list):
            schemas = [part[word] for part in parts for word in ("items", "contains") if word in part]
            schemas += [one for part in parts for one in _list(part.get("prefixItems"))]
            for item in value:
                yield from self.unknown(schemas, item, f"{pointer}/*", depth + 1)
            return
        open_to_all = not any("properties" in part or "patternProperties" in part for part in parts)
        for name, item in value.items():
            self._steps -= 1
            known = [schema for part in parts for schema in self._named(part, name)]
            where = pointer + pointer_of(name)[:101]
            if known:
                yield from self.unknown(known, item, where, depth + 1)
            elif not open_to_all:
                yield where

    def _parts(self, schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        """The schema itself and every branch of it that applies to the same value."""
        self._steps -= 1
        if not isinstance(schema, dict) or depth > _DEPTH or self._steps <= 0:
            return
        yield schema
        branches = [one for word in _COMBINED for one in _list(schema.get(word))]
        branches += [schema[word] for word in _CONDITIONAL if word in schema]
        dependent = schema.get("dependentSchemas")
        branches += dependent.values() if isinstance(dependent, dict) else ()
        target = schema.get("$ref")
        if isinstance(target, str):
            branches.append(self._resolved(target))
        for branch in branches:
            yield from self._parts(branch, depth + 1)

    def _named(self, part: Mapping[str, Any], name: str) -> Iterator[Any]:
        properties = part.get("properties")
        if isinstance(properties, dict) and name in properties:
            yield properties[name]
        patterns = part.get("patternProperties")
        for pattern, schema in patterns.items() if isinstance(patterns, dict) else ():
            if self._matches(pattern, name):
                yield schema
        rest = part.get("additionalProperties")
        if isinstance(rest, dict):
            yield rest

    def _matches(self, pattern: str, name: str) -> bool:
        """Whether a pattern names a field; one that there are no steps left for is taken to do so."""
        try:
            compiled = regex(pattern)
        except PatternError:
            return False
        self._steps -= compiled.cost(name) // _MATCHING_STEPS
        return self._steps <= 0 or compiled.search(name)

    def _resolved(self, target: str) -> Any:
        """What a reference within the schema points to; None for anchors, which are rare."""
        found = self._root
        if not target.startswith("#") or (target != "#" and not target.startswith("#/")):
            return None
        for name in steps_of(target.removeprefix("#")):
            if isinstance(found, dict):
                found = found.get(name)
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                return None
        return found


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
