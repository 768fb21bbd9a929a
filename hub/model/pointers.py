"""JSON pointers (RFC 6901): building and reading them, and pointing to the errors that pydantic finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from hub.errors import Problem
from hub.model.faults import in_json_words

__all__ = ["pointer_of", "problems_of", "steps_of", "steps_within"]


def pointer_of(*steps: str | int) -> str:
    """The pointer with these steps: `pointer_of("nodes", 0)` is `/nodes/0`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def steps_of(pointer: str) -> list[str]:
    """The steps of a pointer, unescaped: `/nodes/0` has `["nodes", "0"]`, the pointer "" to the whole document none."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def steps_within(location: Sequence[str | int], value: object) -> tuple[str | int, ...]:
    """The steps of a pydantic location that exist in `value` too.

    Pydantic adds the names of union members and validators to its locations; these do not exist in the input. The name
    of a missing field does not either, but it is kept, so that the pointer says which field is missing.
    """
    steps: list[str | int] = []
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(value, Mapping) and (step in value or (last and isinstance(step, str))):
            value = value.get(step)
        elif isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        steps.append(step)
    return tuple(steps)


def problems_of(error: ValidationError, value: object, pointer: str = "") -> tuple[Problem, ...]:
    """The errors that pydantic found in `value`, one problem each. `pointer` says where `value` is in the document.

    The problems do not contain the value, which may be secret.
    """
    found: dict[tuple[str, str], Problem] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        steps = steps_within(fault["loc"], value)
        unknown = fault["type"] == "extra_forbidden"
        message = f"there is no field {str(fault['loc'][-1])!r} here" if unknown else in_json_words(fault["msg"])
        problem = Problem(pointer + pointer_of(*steps), message)
        found.setdefault((problem.pointer, problem.message), problem)
    return tuple(found.values())
