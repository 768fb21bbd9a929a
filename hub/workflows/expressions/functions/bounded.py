"""Declares filters and tests, and holds what they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jinja2 import Undefined, pass_context

from hub.workflows.expressions.budget import Budget, Fault, present
from hub.workflows.limits import MAX_RANGE

__all__ = ["Table", "list_of", "path_of", "range_of", "text_of", "walk"]

Function = Callable[..., Any]
Declared = TypeVar("Declared", bound=Function)


class Table(dict[str, Function]):
    """Functions by name, each wrapped so that it uses the budget of the rendering."""

    def add(
        self, *names: str, flat: bool = False, context: bool = False, missing: bool = False
    ) -> Callable[[Declared], Declared]:
        """Declare a function `(budget, value, *arguments)` under its names.

        Args:
            names: The names.
            flat: The function takes constant time; otherwise the steps of all its arguments are used first.
            context: The function is given the context instead of the budget.
            missing: The function accepts missing values; otherwise a missing value is an error.
        """

        def declare(function: Declared) -> Declared:
            @pass_context
            def call(ctx: Any, /, *args: Any, **kwargs: Any) -> Any:
                budget: Budget = ctx.budget
                budget.spend(4)
                for argument in (*args, *kwargs.values()):
                    if not missing:
                        present(argument)
                    if not (flat or isinstance(argument, Undefined)):
                        budget.weigh(argument)
                return function(ctx if context else budget, *args, **kwargs)

            call.__wrapped__ = function  # type: ignore[attr-defined] # for inspect
            call.__name__ = names[0]
            for name in names:
                self[name] = call
            return function

        return declare


def text_of(value: Any, what: str) -> str:
    """The value, if it is a string."""
    if not isinstance(value, str):
        raise Fault(f"{what} needs a string, not {_kind(value)}; `| string` makes one")
    return value


def list_of(budget: Budget, value: Any, what: str) -> list[Any]:
    """The elements of a list, the keys of a mapping or the characters of a string."""
    if not isinstance(value, list | tuple | dict | str):
        raise Fault(f"{what} needs a list, not {_kind(value)}")
    budget.items(len(value))
    return list(value)


def whole(value: Any, what: str) -> int:
    """The value, if it is a whole number of reasonable size."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 1 << 31:
        raise Fault(f"{what} needs a whole number")
    return value


def path_of(attribute: Any) -> tuple[str | int, ...]:
    """`"user.emails.0"` as steps."""
    if isinstance(attribute, int) and not isinstance(attribute, bool):
        return (attribute,)
    steps = text_of(attribute, "attribute").split(".")
    return tuple(int(step) if step.isdecimal() and len(step) < 10 else step for step in steps)


def walk(context: Any, value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path within `value`; missing if there is none."""
    context.budget.spend(len(path))
    for step in path:
        key = str(step) if isinstance(value, dict) else step
        value = context.environment.getitem(value, key)
    return value


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


@pass_context
def range_of(context: Any, *args: Any) -> list[int]:
    """`range(stop)` or `range(start, stop, step)`: a list of whole numbers, at most `MAX_RANGE`."""
    if not 1 <= len(args) <= 3:
        raise Fault("range takes one, two or three whole numbers")
    numbers = [whole(present(argument), "range") for argument in args]
    if len(numbers) == 3 and numbers[2] == 0:
        raise Fault("range needs a step that is not zero")
    found = range(*numbers)
    if len(found) > MAX_RANGE:
        raise Fault(f"range gives more than {MAX_RANGE} numbers")
    context.budget.items(len(found))
    return list(found)
