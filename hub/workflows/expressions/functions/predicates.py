"""Tests: `value is name(arguments)`, and by name in `select` and similar filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Undefined

from hub.workflows.expressions.budget import Budget, Fault
from hub.workflows.expressions.functions.bounded import Table
from hub.workflows.expressions.operators import compare

__all__ = ["TESTS"]

TESTS = Table()


@TESTS.add("defined", flat=True, missing=True)
def defined(_budget: Budget, value: Any) -> bool:
    """Whether there is a value."""
    return not isinstance(value, Undefined)


@TESTS.add("undefined", flat=True, missing=True)
def undefined(_budget: Budget, value: Any) -> bool:
    """Whether there is no value."""
    return isinstance(value, Undefined)


@TESTS.add("none", "null", flat=True)
def none(_budget: Budget, value: Any) -> bool:
    """Whether it is null."""
    return value is None


@TESTS.add("boolean", flat=True)
def boolean(_budget: Budget, value: Any) -> bool:
    """Whether it is true or false."""
    return isinstance(value, bool)


@TESTS.add("true", flat=True)
def true(_budget: Budget, value: Any) -> bool:
    """Whether it is the value true."""
    return value is True


@TESTS.add("false", flat=True)
def false(_budget: Budget, value: Any) -> bool:
    """Whether it is the value false."""
    return value is False


@TESTS.add("string", flat=True)
def string(_budget: Budget, value: Any) -> bool:
    """Whether it is a string."""
    return isinstance(value, str)


@TESTS.add("number", flat=True)
def number(_budget: Budget, value: Any) -> bool:
    """Whether it is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@TESTS.add("integer", flat=True)
def integer(_budget: Budget, value: Any) -> bool:
    """Whether it is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


@TESTS.add("float", flat=True)
def floating(_budget: Budget, value: Any) -> bool:
    """Whether it is a number with a fraction."""
    return isinstance(value, float)


@TESTS.add("mapping", flat=True)
def mapping(_budget: Budget, value: Any) -> bool:
    """Whether it is an object."""
    return isinstance(value, dict)


@TESTS.add("sequence", "iterable", flat=True)
def sequence(_budget: Budget, value: Any) -> bool:
    """Whether it is a list."""
    return isinstance(value, list | tuple)


@TESTS.add("even", flat=True)
def even(budget: Budget, value: Any) -> bool:
    """Whether it is an even whole number."""
    return divisible(budget, value, 2)


@TESTS.add("odd", flat=True)
def odd(budget: Budget, value: Any) -> bool:
    """Whether it is an odd whole number."""
    return not divisible(budget, value, 2)


@TESTS.add("divisibleby", flat=True)
def divisible(budget: Budget, value: Any, by: Any) -> bool:
    """Whether a whole number can be divided by another without a remainder."""
    if not isinstance(value, int) or not isinstance(by, int) or by == 0:
        raise Fault("divisibleby needs whole numbers")
    budget.number(value)
    budget.number(by)
    return value % by == 0


@TESTS.add("startingwith")
def starting_with(_budget: Budget, value: Any, prefix: Any) -> bool:
    """Whether it is a string that starts with another."""
    return isinstance(value, str) and isinstance(prefix, str) and value.startswith(prefix)


@TESTS.add("endingwith")
def ending_with(_budget: Budget, value: Any, suffix: Any) -> bool:
    """Whether it is a string that ends with another."""
    return isinstance(value, str) and isinstance(suffix, str) and value.endswith(suffix)


@TESTS.add("containing", flat=True)
def containing(budget: Budget, value: Any, part: Any) -> bool:
    """Whether a list, an object or a string contains an element, a key or a text."""
    return compare(budget, ("in",), (part, value))


def _comparison(operator: str, meaning: str) -> Callable[[Budget, Any, Any], bool]:
    def test(budget: Budget, value: Any, other: Any) -> bool:
        return compare(budget, (operator,), (value, other))

    test.__doc__ = f"Whether it is {meaning} `other`."
    return test


for _operator, _meaning, _names in (
    ("eq", "equal to", ("eq", "equalto", "==")),
    ("ne", "not equal to", ("ne", "!=")),
    ("lt", "less than", ("lt", "lessthan", "<")),
    ("lteq", "at most", ("le", "<=")),
    ("gt", "greater than", ("gt", "greaterthan", ">")),
    ("gteq", "at least", ("ge", ">=")),
    ("in", "contained in", ("in",)),
):
    TESTS.add(*_names, flat=True)(_comparison(_operator, _meaning))
