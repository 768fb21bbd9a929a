"""Errors of the jsonschema library as problems, whose sentences have a bounded length."""

from __future__ import annotations

from jsonschema import ValidationError
from jsonschema.exceptions import SchemaError

from hub.errors import Problem
from hub.model.pointers import pointer_of

__all__ = ["missing_fields", "problem_of", "shortened"]

_LONGEST = 300


def problem_of(error: ValidationError | SchemaError) -> Problem:
    """Where the error is and the library's sentence, shortened: it may quote a value of any length."""
    return Problem(pointer_of(*error.absolute_path), shortened(error.message))


def missing_fields(error: ValidationError) -> tuple[str, ...]:
    """Pointers to the fields whose absence is the error; empty for an error of another kind."""
    wanted, instance = error.validator_value, error.instance
    if error.validator != "required" or not isinstance(instance, dict) or not isinstance(wanted, list):
        return ()
    return tuple(pointer_of(*error.absolute_path, name) for name in wanted if name not in instance)


def shortened(text: str) -> str:
    """The text, cut off after 300 characters."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
