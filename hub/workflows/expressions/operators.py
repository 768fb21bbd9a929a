"""The operators of expressions, within the limits: arithmetic, comparison, `~` and slices."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from hub.model.json import dumps
from hub.workflows.expressions.budget import Budget, Fault, present
from hub.workflows.limits import MAX_INTEGER_BITS

__all__ = ["BINARY", "UNARY", "as_text", "compare", "concatenate", "cut"]

_LONGEST_NUMBER = 13_000


def as_text(budget: Budget, value: Any) -> str:
    """A value as part of a text: a string unchanged, any other value as JSON (`null`, `true`, `{"a":1}`)."""
    present(value)
    if isinstance(value, str):
        budget.length(len(value))
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > _LONGEST_NUMBER:
            raise Fault("writes a number of more than 4,000 digits into a text")
        return str(value)
    return budget.text(dumps(budget.result(value)).decode())


def _add(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        budget.length(len(left) + len(right))
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        budget.items(len(left) + len(right))
        return left + right
    return _arithmetic("+", operator.add)(budget, left, right)


def _multiply(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(right, str | list):
        left, right = right, left
    if isinstance(left, str | list) and isinstance(right, int):
        length = len(left) * max(budget.number(right), 0)
        (budget.length if isinstance(left, str) else budget.items)(length)
        return left * right
    return _arithmetic("*", operator.mul)(budget, left, right)


def _power(budget: Budget, left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() * max(right, 0) > MAX_INTEGER_BITS:
            raise Fault(f"computes an integer of more than {MAX_INTEGER_BITS} bits")
        if right < -MAX_INTEGER_BITS:
            raise Fault("computes a power that is out of bounds")
    result = _arithmetic("**", operator.pow)(budget, left, right)
    if isinstance(result, complex):
        raise Fault("computes a root of a negative number")
    return result


def _arithmetic(sign: str, function: Callable[[Any, Any], Any]) -> Callable[[Budget, Any, Any], Any]:
    def apply(budget: Budget, left: Any, right: Any) -> Any:
        budget.spend(8)
        for side in (present(left), present(right)):
            if not isinstance(side, int | float):
                raise Fault(f"cannot use {sign} with {_name(left)} and {_name(right)}")
            budget.number(side)
        try:
            return budget.number(function(left, right))
        except ZeroDivisionError:
            raise Fault("divides by zero") from None
        except OverflowError:
            raise Fault("gives a number that is out of bounds") from None

    return apply


def _sign(sign: str, function: Callable[[Any], Any]) -> Callable[[Budget, Any], Any]:
    def apply(budget: Budget, value: Any) -> Any:
        budget.spend(1)
        if not isinstance(present(value), int | float):
            raise Fault(f"cannot use {sign} with {_name(value)}")
        return function(budget.number(value))

    return apply


def _name(value: Any) -> str:
    return (
        "null"
        if value is None
        else {"dict": "an object", "list": "a list", "str": "a string"}.get(
            type(value).__name__, f"a {type(value).__name__}"
        )
    )


BINARY: dict[str, Callable[[Budget, Any, Any], Any]] = {
    "+": _add,
    "-": _arithmetic("-", operator.sub),
    "*": _multiply,
    "/": _arithmetic("/", operator.truediv),
    "//": _arithmetic("//", operator.floordiv),
    "%": _arithmetic("%", operator.mod),
    "**": _power,
}
"""Arithmetic operators. `%` computes a remainder and never formats."""

UNARY: dict[str, Callable[[Budget, Any], Any]] = {"+": _sign("+", operator.pos), "-": _sign("-", operator.neg)}
"""Signs."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}


def compare(budget: Budget, operators: tuple[str, ...], operands: tuple[Any, ...]) -> bool:
    """A chain of comparisons; true if each one is."""
    left = present(operands[0])
    for name, operand in zip(operators, operands[1:], strict=True):
        right = present(operand)
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            budget.weigh(left)
            budget.weigh(right)
        try:
            if not _COMPARE[name](left, right):
                return False
        except TypeError:
            raise Fault(f"cannot compare {_name(left)} with {_name(right)}") from None
        left = right
    return True


def concatenate(budget: Budget, operands: tuple[Any, ...]) -> str:
    """`a ~ b ~ c`: the texts of the operands, joined."""
    parts = [as_text(budget, operand) for operand in operands]
    budget.length(sum(map(len, parts)))
    return "".join(parts)


def cut(budget: Budget, value: Any, start: Any, stop: Any, step: Any) -> Any:
    """A slice of a string or list."""
    for edge in (start, stop, step):
        if present(edge) is not None and (not isinstance(edge, int) or isinstance(edge, bool)):
            raise Fault("slices with something that is not a whole number")
    if not isinstance(present(value), str | list | tuple):
        raise Fault(f"cannot slice {_name(value)}")
    if step == 0:
        raise Fault("slices with a step of zero")
    budget.spend(len(value) >> 3)
    return value[start:stop:step]
