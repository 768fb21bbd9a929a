"""A validator that counts its steps, so that every validation ends in bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from referencing import Registry

from hub.schemas.regex import regex

__all__ = ["TooManySteps", "UncheckedValue", "bounded_validator", "errors_of"]

_STEPS = 30_000
_MATCHING_STEPS = 1_000
"""Steps of a search that count as one step of the validation: both take about 10 µs."""


class UncheckedValue(Exception):
    """A value could not be checked to the end."""


class TooManySteps(UncheckedValue):
    """A value has used up the steps of its validation."""


def bounded_validator(schema: Any) -> Any:
    """A validator of the jsonschema library that counts its steps and fetches nothing."""
    return _BoundedValidator(schema, registry=Registry())  # the library's default registry would fetch references


def errors_of(validator: Any, value: Any, most: int) -> list[ValidationError]:
    """The first errors that a bounded validator finds in a value.

    Raises:
        TooManySteps: The value takes too many steps to check.
        UncheckedValue: The library fails on it, as on numbers too large for it.
        RecursionError: The schema refers to itself without an end, or the value nests too deeply.
    """
    _Budget.left = _STEPS
    try:
        return list(islice(validator.iter_errors(value), most))
    except (UncheckedValue, RecursionError):
        raise
    except Exception as error:
        raise UncheckedValue(type(error).__name__) from error


class _Budget:
    """Steps left to the running validation. Validation is synchronous, so there is one at a time."""

    left = 0

    @classmethod
    def spend(cls, steps: int = 1) -> None:
        cls.left -= steps
        if cls.left < 0:
            raise TooManySteps


def _found(pattern: str, text: str) -> bool:
    compiled = regex(pattern)
    _Budget.spend(1 + compiled.cost(text) // _MATCHING_STEPS)
    return compiled.search(text)


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
    """A hashable form, equal for values that JSON Schema holds equal (1 and 1.0 are, 1 and true are not)."""
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

_BoundedValidator: Any = validators.extend(  # type: ignore[no-untyped-call] # the stubs leave `extend` untyped
    Draft202012Validator,
    {
        **{keyword: _counted(keyword) for keyword in _COUNTED},
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    },
)
