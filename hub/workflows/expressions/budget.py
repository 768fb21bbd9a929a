"""The budget of expressions: how many steps of work and bytes of output they may use."""

from __future__ import annotations

from math import isfinite
from typing import Any

from jinja2 import Undefined

from hub.model.json import dumps
from hub.workflows.expressions.references import Mixed, Reference
from hub.workflows.limits import MAX_DEPTH, MAX_INPUT, MAX_INTEGER_BITS, MAX_ITEMS, MAX_STEPS, MAX_TEXT

__all__ = ["Budget", "Fault", "present"]


class Fault(Exception):
    """An expression cannot be evaluated; the message is for its author. Never raised out of this package."""


def present(value: Any) -> Any:
    """The value; raises the error that names it if it is missing."""
    if isinstance(value, Undefined):
        bool(value)  # raises for a missing name
        raise Fault("has no value: its `if` was false and it has no `else`")
    return value


class Budget:
    """Counts down the steps and bytes of one group of fields; raises `Fault` when they are used up."""

    __slots__ = ("bytes", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.bytes = MAX_INPUT

    def spend(self, steps: int) -> None:
        """Use `steps` steps."""
        self.steps -= steps
        if self.steps < 0:
            raise Fault(f"needs more work than the allowed {MAX_STEPS} steps")

    def weigh(self, value: Any) -> int:
        """Use the steps of reading a whole value, one per element and per 64 characters; returns how many."""
        before = self.steps
        pending = [value]
        while pending:
            item = pending.pop()
            self.spend(1)
            if isinstance(item, str):
                self.spend(len(item) >> 6)
            elif isinstance(item, int):
                self.spend(item.bit_length() >> 6)
            elif isinstance(item, list | tuple):
                self.spend(len(item) >> 3)
                pending.extend(item)
            elif isinstance(item, dict):
                self.spend(len(item))
                pending.extend(item)
                pending.extend(item.values())
        return before - self.steps

    def number(self, value: Any) -> Any:
        """An operand or result of arithmetic, if it is within the limits."""
        if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
            raise Fault(f"computes with an integer of more than {MAX_INTEGER_BITS} bits")
        if isinstance(value, float) and not isfinite(value):
            raise Fault("gives a number that is not finite")
        return value

    def text(self, value: str) -> str:
        """A computed string, if it is within the limits."""
        self.length(len(value))
        return value

    def length(self, characters: int) -> None:
        """Use the steps of a string that is about to be computed."""
        if characters > MAX_TEXT:
            raise Fault(f"gives a string of more than {MAX_TEXT} characters")
        self.spend((characters >> 6) + 1)

    def items(self, count: int) -> None:
        """Use the steps of a list that is about to be computed."""
        if count > MAX_ITEMS:
            raise Fault(f"gives a list of more than {MAX_ITEMS} elements")
        self.spend(count + 1)

    def passed(self, value: Any) -> Any:
        """A value of the scope that is the result unchanged: it is JSON already, so only its size counts."""
        if isinstance(value, dict | list):
            self._output(len(dumps(value)))
        elif isinstance(value, str):
            self._output(len(value))
        return value

    def result(self, value: Any, depth: int = 0) -> Any:
        """A computed value as plain JSON.

        Raises:
            Fault: The value contains something that is not JSON, is nested too deeply or is too large.
        """
        self.spend(2)
        if value is None or isinstance(value, bool):
            self._output(5)
            return value
        if isinstance(value, str):
            self._output(len(value) + 2)
            return value
        if isinstance(value, int | float):
            self._output(20 if isinstance(value, float) else 3 + value.bit_length() // 3)
            return self.number(value) if isinstance(value, float) else value
        if depth > MAX_DEPTH:
            raise Fault(f"gives a value nested more than {MAX_DEPTH} levels deep")
        if isinstance(value, list | tuple):
            self.spend(len(value) >> 3)
            return [self.result(item, depth + 1) for item in value]
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                raise Fault("gives an object whose keys are not all strings")
            self._output(sum(map(len, value)))
            return {key: self.result(item, depth + 1) for key, item in value.items()}
        if isinstance(value, Reference | Mixed):
            raise Fault("uses a connection inside a value; write it as an expression of its own")
        raise Fault(f"gives a {type(present(value)).__name__}, which is not a JSON value")

    def _output(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise Fault(f"gives more than {MAX_INPUT} bytes")
