"""JSON Schema (draft 2020-12) that cannot be turned against the hub.

A schema is compiled once and kept. References stay within the schema: nothing is ever fetched. Patterns are matched by
`hub.schemas.automaton` in bounded time. A value takes a bounded number of steps, so that references which multiply
cannot eat the process either. `format` is an annotation, as the draft has it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import SchemaError
from referencing.exceptions import Unresolvable

from hub.errors import Invalid, Problem
from hub.model.json import dumps, loads
from hub.schemas.automaton import TooSlow, automaton
from hub.schemas.patterns import PatternError

__all__ = ["Schema", "compile_schema", "compiled_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LARGEST = 512 * 1024
_STEPS = 30_000
_PER_STEP = 16
_PROBLEMS = 20
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_LITERAL = frozenset({"const", "enum", "examples", "default", "required"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


class Schema:
    """A compiled schema; `compile_schema` makes it."""

    def __init__(self, schema: Any) -> None:
        self._validator: Any = _Bounded(schema)

    def problems(self, value: Any) -> tuple[Problem, ...]:
        """What is wrong with a JSON value, one entry per fault up to twenty; empty when it fits.

        Pointers lead into the value. A value on which the schema spends too many steps does not fit.
        """
        _Budget.left = _STEPS
        try:
            found = list(islice(self._validator.iter_errors(value), _PROBLEMS))
        except (TooSlow, RecursionError):
            return (Problem("", "the schema takes too long on this value"),)
        return tuple(Problem(_pointer(error.absolute_path), _message(error)) for error in found)


_compiled: OrderedDict[bytes, Schema] = OrderedDict()
_KEPT = 2_000
_compiling = Lock()
"""Held by whoever compiles, so that two that want the same schema do it once."""


def compile_schema(schema: Any) -> Schema:
    """The compiled form of a JSON Schema, made once for equal schemas.

    Raises:
        Invalid: It is no schema of draft 2020-12, refers to something outside itself, or has a pattern that cannot
            be matched in bounded time; pointers lead into the schema.
    """
    key = dumps(schema)
    with _compiling:
        known = _known(key)
        return _compile(key, schema) if known is None else known


async def compiled_schema(schema: Any) -> Schema:
    """`compile_schema` for the event loop: what is not known yet is compiled in a thread, since it may take 200 ms."""
    known = _known(dumps(schema))
    return await asyncio.to_thread(compile_schema, schema) if known is None else known


def _known(key: bytes) -> Schema | None:
    known = _compiled.get(key)
    if known is not None:
        with suppress(KeyError):  # another thread has just let it go
            _compiled.move_to_end(key)
    return known


def _compile(key: bytes, schema: Any) -> Schema:
    problems = [Problem("", f"a schema has at most {_LARGEST} bytes")] if len(key) > _LARGEST else list(_faults(schema))
    if problems:
        raise Invalid("the JSON Schema cannot be used", tuple(problems[:_PROBLEMS]))
    compiled = _compiled[key] = Schema(schema)
    if len(_compiled) > _KEPT:
        _compiled.popitem(last=False)
    return compiled


class _Budget:
    """Steps left to the validation under way; validation is synchronous, so there is one at a time."""

    left = 0

    @classmethod
    def spend(cls, steps: int = 1) -> None:
        cls.left -= steps
        if cls.left < 0:
            raise TooSlow


def _faults(schema: Any) -> Iterator[Problem]:
    if wrong := next(_misused(schema), None):
        yield wrong
        return
    seen: set[str] = set()
    for pointer, part in _parts(schema, ""):
        seen.update(part)
        yield from _own_faults(pointer, part)
    if {"unevaluatedProperties", "patternProperties"} <= seen:
        yield Problem("", "unevaluatedProperties cannot be combined with patternProperties here")
        return
    resolver = _Bounded(schema)._resolver  # noqa: SLF001 - the one way to try references without a value
    for pointer, part in _parts(schema, ""):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith("#"):
            try:
                resolver.lookup(target)
            except Unresolvable:
                yield Problem(f"{pointer}/$ref", f"{target} is not in this schema")


def _misused(schema: Any) -> Iterator[Problem]:
    """Keywords that are not used as the draft says; definitions, which catalogs repeat, are checked once each."""
    shared = schema.get("$defs") if isinstance(schema, dict) else None
    if isinstance(shared, dict):
        for name, part in shared.items():
            found = _misused_in(dumps(part))
            if found is not None:
                yield Problem(f"/$defs/{_escape(name)}{found.pointer}", found.message)
        schema = {**schema, "$defs": dict.fromkeys(shared, True)}
    found = _misused_in(dumps(schema))
    if found is not None:
        yield found


@lru_cache(maxsize=4_000)
def _misused_in(schema: bytes) -> Problem | None:
    try:
        Draft202012Validator.check_schema(loads(schema))
    except SchemaError as error:
        return Problem(_pointer(error.absolute_path), _message(error))
    except (RecursionError, ValueError):
        return Problem("", "the schema nests too deeply")
    return None


def _own_faults(pointer: str, part: Mapping[str, Any]) -> Iterator[Problem]:
    draft = part.get("$schema", _DRAFT)
    if isinstance(draft, str) and draft.rstrip("#") != _DRAFT:
        yield Problem(f"{pointer}/$schema", f"only draft 2020-12 is understood: {_DRAFT}")
    if pointer and "$id" in part:
        yield Problem(f"{pointer}/$id", "only the schema as a whole may have an $id")
    for keyword in _REFERENCES:
        target = part.get(keyword)
        if isinstance(target, str) and not target.startswith("#"):
            yield Problem(f"{pointer}/{keyword}", "a reference must start with #: schemas are never fetched")
    patterns = [("pattern", part.get("pattern"))]
    named = part.get("patternProperties")
    if isinstance(named, dict):
        patterns.extend(("patternProperties", name) for name in named)
    for keyword, pattern in patterns:
        if isinstance(pattern, str):
            try:
                automaton(pattern)
            except PatternError as error:
                yield Problem(f"{pointer}/{keyword}", f"{pattern!r}: {error}")


def _parts(schema: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every subschema with its pointer; values that only look like schemas (`const`, `enum`) are left out."""
    if isinstance(schema, dict):
        yield pointer, schema
        for key, value in schema.items():
            if key in _LITERAL:
                continue
            where = f"{pointer}/{_escape(key)}"
            if key in _NAMED and isinstance(value, dict):
                for name, part in value.items():
                    yield from _parts(part, f"{where}/{_escape(name)}")
            else:
                yield from _parts(value, where)
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from _parts(part, f"{pointer}/{index}")


def _found(pattern: str, text: str) -> bool:
    compiled = automaton(pattern)
    found = compiled.search(text)
    _Budget.spend(1 + compiled.steps // _PER_STEP)
    return found


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _found(pattern, value):
        yield ValidationError(f"does not match {pattern!r}")


def _pattern_properties(validator: Any, named: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for pattern, subschema in named.items():
            for name, item in value.items():
                if _found(pattern, name):
                    yield from validator.descend(item, subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, rule: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for name, item in value.items():
        _Budget.spend()
        if name in known or any(_found(pattern, name) for pattern in patterns):
            continue
        if rule is False:
            yield ValidationError("is not allowed here", path=[name])
        elif rule is not True:
            yield from validator.descend(item, rule, path=name)


def _unique_items(_validator: Any, unique: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if unique and isinstance(value, list):
        seen = {_canonical(item) for item in value}
        if len(seen) != len(value):
            yield ValidationError("has an item twice")


def _canonical(value: Any) -> Any:
    """Hashable, and equal for values that JSON Schema holds equal (1 and 1.0 are, 1 and true are not)."""
    _Budget.spend()
    if isinstance(value, dict):
        return frozenset((name, _canonical(item)) for name, item in value.items())
    if isinstance(value, list):
        return ("list", *(_canonical(item) for item in value))
    return (isinstance(value, bool), value)


def _counted(keyword: str) -> Any:
    inner = Draft202012Validator.VALIDATORS[keyword]

    def counted(validator: Any, rule: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        _Budget.spend()
        yield from inner(validator, rule, value, schema) or ()

    return counted


_COUNTED = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "items", "prefixItems", "contains",
            "properties", "dependentSchemas", "propertyNames", "unevaluatedItems", "unevaluatedProperties")  # fmt: skip

_Bounded: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        **{keyword: _counted(keyword) for keyword in _COUNTED},
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    },
)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _pointer(path: Any) -> str:
    return "".join(f"/{_escape(str(part))}" for part in path)


def _message(error: ValidationError | SchemaError) -> str:
    """The library's sentence, without a value of any length in it."""
    message = error.message
    return message if len(message) <= 300 else f"{message[:300]}…"
