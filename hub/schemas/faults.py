"""What makes a JSON Schema unusable for the hub, before any value is checked against it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError
from referencing.exceptions import Unresolvable

from hub.errors import Problem
from hub.model.json import dumps, loads
from hub.model.pointers import pointer_of
from hub.schemas.bounded import bounded_validator
from hub.schemas.ecma import PatternError
from hub.schemas.problems import problem_of, shortened
from hub.schemas.regex import REGEXES_KEPT, regex

__all__ = ["schema_faults"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LARGEST_REGEXES = 1_000_000
"""Instructions of all patterns of a schema together, which take about 300 ms to compile."""
_NO_FORMATS = FormatChecker(formats=())
"""The library would try each pattern as one of Python's; `_pattern_faults` reads them as JSON Schema means them."""
_REFERENCES = ("$ref", "$recursiveRef")
_LITERAL = frozenset({"const", "enum", "examples", "default", "required"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


def schema_faults(schema: Any) -> Iterator[Problem]:
    """Why a JSON Schema cannot be used, lazily; pointers lead into the schema."""
    if wrong := next(_misused(schema), None):
        yield wrong
        return
    seen: set[str] = set()
    for pointer, part in _parts(schema, ""):
        seen.update(part)
        yield from _own_faults(pointer, part)
    yield from _pattern_faults(schema)
    if {"unevaluatedProperties", "patternProperties"} <= seen:
        yield Problem("", "unevaluatedProperties cannot be combined with patternProperties here")
        return
    yield from _reference_faults(schema)


def _misused(schema: Any) -> Iterator[Problem]:
    """Keywords that are not used as the draft says; definitions, which catalogs repeat, are checked once each."""
    shared = schema.get("$defs") if isinstance(schema, dict) else None
    if isinstance(shared, dict):
        for name, part in shared.items():
            found = _misused_in(dumps(part))
            if found is not None:
                yield Problem(pointer_of("$defs", name) + found.pointer, found.message)
        schema = {**schema, "$defs": dict.fromkeys(shared, True)}
    found = _misused_in(dumps(schema))
    if found is not None:
        yield found


@lru_cache(maxsize=4_000)
def _misused_in(schema: bytes) -> Problem | None:
    try:
        Draft202012Validator.check_schema(loads(schema), format_checker=_NO_FORMATS)
    except SchemaError as error:
        return problem_of(error)
    except (RecursionError, ValueError):
        return Problem("", "the schema nests too deeply")
    return None


def _own_faults(pointer: str, part: Mapping[str, Any]) -> Iterator[Problem]:
    draft = part.get("$schema", _DRAFT)
    if isinstance(draft, str) and draft.rstrip("#") != _DRAFT:
        yield Problem(f"{pointer}/$schema", f"only draft 2020-12 is understood: {_DRAFT}")
    if pointer and "$id" in part:
        yield Problem(f"{pointer}/$id", "only the schema as a whole may have an $id")
    if "$dynamicRef" in part:
        yield Problem(f"{pointer}/$dynamicRef", "$dynamicRef is not supported: name the subschema with $ref")
    for keyword in _REFERENCES:
        target = part.get(keyword)
        if isinstance(target, str) and not target.startswith("#"):
            yield Problem(f"{pointer}/{keyword}", "a reference must start with #: schemas are never fetched")


def _reference_faults(schema: Any) -> Iterator[Problem]:
    """References within the schema that lead nowhere, or to a value that was not checked as a schema (`#/const`)."""
    resolver = bounded_validator(schema)._resolver  # noqa: SLF001 - the one way to try references without a value
    checked = {id(part) for _, part in _parts(schema, "")}
    faults: dict[str, str] = {}
    for pointer, part in _parts(schema, ""):
        target = part.get("$ref")
        if not isinstance(target, str) or not target.startswith("#"):
            continue
        if target not in faults:
            faults[target] = _reference_fault(resolver, target, checked)
        if faults[target]:
            yield Problem(f"{pointer}/$ref", faults[target])


def _reference_fault(resolver: Any, target: str, checked: Collection[int]) -> str:
    try:
        found = resolver.lookup(target).contents
    except (Unresolvable, LookupError, TypeError, ValueError):  # the library's own are for the wrong kind of value
        return f"{target} is not in this schema"
    if not isinstance(found, bool) and id(found) not in checked:
        return f"{target} is not a schema"
    fault = _misused_in(dumps(found))  # what stands under a keyword that the draft does not know is not checked yet
    return "" if fault is None else f"{target} is not a schema: {fault.message}"


def _pattern_faults(schema: Any) -> Iterator[Problem]:
    """Patterns that cannot be used; and patterns that are too many, or take too long to compile together."""
    seen: set[str] = set()
    size = 0
    for pointer, part in _parts(schema, ""):
        for keyword, pattern in _patterns(part):
            try:
                compiled = regex(pattern)
            except PatternError as error:
                yield Problem(f"{pointer}/{keyword}", f"{shortened(repr(pattern))}: {error}")
                continue
            size += 0 if pattern in seen else compiled.size
            seen.add(pattern)
            if len(seen) > REGEXES_KEPT:
                yield Problem("", f"a schema has at most {REGEXES_KEPT} patterns")
                return
            if size > _LARGEST_REGEXES:
                yield Problem(f"{pointer}/{keyword}", "the patterns up to this one are too large together")
                return


def _patterns(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The patterns of a subschema, each with its keyword."""
    pattern = part.get("pattern")
    if isinstance(pattern, str):
        yield "pattern", pattern
    named = part.get("patternProperties")
    if isinstance(named, dict):
        yield from (("patternProperties", name) for name in named)


def _parts(schema: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every subschema with its pointer; values that only look like schemas (`const`, `enum`) are left out."""
    if isinstance(schema, dict):
        yield pointer, schema
        for key, value in schema.items():
            if key in _LITERAL:
                continue
            where = pointer + pointer_of(key)
            if key in _NAMED and isinstance(value, dict):
                for name, part in value.items():
                    yield from _parts(part, where + pointer_of(name))
            else:
                yield from _parts(value, where)
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from _parts(part, f"{pointer}/{index}")
