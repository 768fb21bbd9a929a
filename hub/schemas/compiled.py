"""JSON Schema (draft 2020-12), compiled so that neither a schema nor a value can exhaust the hub.

A schema is compiled once and kept. References stay within the schema: nothing is ever fetched. Patterns are matched in
linear time (`hub.schemas.regex`). The steps of a validation are counted and bounded, so that references which multiply
come to an end too. `format` is an annotation, as the draft has it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import Any

from hub.errors import Invalid, Problem
from hub.model.json import dumps
from hub.model.pointers import pointer_of
from hub.schemas.bounded import TooManySteps, UncheckedValue, bounded_validator, errors_of
from hub.schemas.faults import schema_faults
from hub.schemas.problems import missing_fields, problem_of

__all__ = ["Schema", "compile_schema", "compiled_schema"]

_LARGEST = 512 * 1024
_PROBLEMS = 20


class Schema:
    """A compiled schema; `compile_schema` makes one."""

    def __init__(self, schema: Any) -> None:
        self._validator = bounded_validator(schema)

    def problems(self, value: Any) -> tuple[Problem, ...]:
        """What is wrong with a JSON value, at most twenty faults; empty when the value fits.

        Pointers lead into the value. A value that takes too many steps, or cannot be checked at all, does not fit.
        """
        try:
            found = errors_of(self._validator, value, _PROBLEMS)
        except (TooManySteps, RecursionError):
            return (Problem("", "the schema takes too long on this value"),)
        except UncheckedValue as error:
            return (Problem("", f"the schema cannot be applied to this value ({error})"),)
        return tuple(problem_of(error) for error in found)

    def differences(self, value: Any) -> tuple[str, ...]:
        """Where a JSON value does not fit, without a word of the value: `missing field /a/b`, `does not fit at /c`.

        At most twenty; a value that cannot be checked to the end does not fit at its root.
        """
        try:
            found = errors_of(self._validator, value, _PROBLEMS)
        except (UncheckedValue, RecursionError):
            return ("does not fit at /",)
        said: dict[str, None] = {}
        for error in found:
            missing = missing_fields(error)
            said.update((f"missing field {pointer}", None) for pointer in missing)
            if not missing:
                said[f"does not fit at {pointer_of(*error.absolute_path) or '/'}"] = None
        return tuple(said)


_compiled: OrderedDict[bytes, Schema] = OrderedDict()
_KEPT = 2_000
_compiling = Lock()
"""Held while a schema is compiled, so that two callers that want the same one compile it once."""


def compile_schema(schema: Any) -> Schema:
    """The compiled form of a JSON Schema, made once for equal schemas.

    Raises:
        Invalid: It is not a schema of draft 2020-12, refers to something outside itself, or has a pattern that cannot
            be matched in bounded time; pointers lead into the schema.
    """
    key = dumps(schema)
    with _compiling:
        known = _known(key)
        return _compile(key, schema) if known is None else known


async def compiled_schema(schema: Any) -> Schema:
    """`compile_schema` for the event loop: a new schema is compiled in a thread, since that may take 200 ms."""
    known = _known(dumps(schema))
    return await asyncio.to_thread(compile_schema, schema) if known is None else known


def _known(key: bytes) -> Schema | None:
    known = _compiled.get(key)
    if known is not None:
        with suppress(KeyError):  # another thread has just dropped it
            _compiled.move_to_end(key)
    return known


def _compile(key: bytes, schema: Any) -> Schema:
    if len(key) > _LARGEST:
        raise Invalid("the JSON Schema cannot be used", (Problem("", f"a schema has at most {_LARGEST} bytes"),))
    if problems := tuple(islice(schema_faults(schema), _PROBLEMS)):
        raise Invalid("the JSON Schema cannot be used", problems)
    compiled = _compiled[key] = Schema(schema)
    if len(_compiled) > _KEPT:
        _compiled.popitem(last=False)
    return compiled
