"""Checks the settings of a node against the action's input model before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from hub.errors import Problem
from hub.model.faults import in_json_words
from hub.model.pointers import pointer_of, steps_within
from hub.sdk.action import Action
from hub.workflows.expressions.templates import ValueTemplate

__all__ = ["check_input", "unknown_action"]


def check_input(action: Action, settings: Mapping[str, Any], template: ValueTemplate, pointer: str) -> list[Problem]:
    """Faults of the settings that rendering cannot repair.

    A fault at a value that is an expression, or contains one, is not reported: only the run can decide.

    Args:
        action: Gives the model.
        settings: The `with` of the node, expressions unrendered.
        template: The same, compiled.
        pointer: JSON pointer of the settings in the definition.
    """
    try:
        action.input.model_validate(dict(settings))
    except ValidationError as error:
        open_places = [expression.pointer for expression in template.expressions]
        problems = []
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            steps = steps_within(fault["loc"], settings)
            place = pointer + pointer_of(*steps)
            if not _open(fault["type"], fault["loc"], steps, pointer, open_places):
                message = _message(
                    fault["type"], in_json_words(fault["msg"]), str(fault["loc"][-1]) if fault["loc"] else "", action
                )
                problems.append(Problem(place, message))
        return list(dict.fromkeys(problems))
    return []


def _open(
    kind: str, location: tuple[str | int, ...], steps: tuple[str | int, ...], pointer: str, open_places: Iterable[str]
) -> bool:
    """Whether rendering may repair a fault: there is an expression at its place, above it or below it."""
    through_union = len(steps) < len(location)
    if kind in ("missing", "extra_forbidden") and not through_union:
        return False
    agreeing = next((n for n, (a, b) in enumerate(zip(location, steps, strict=False)) if a != b), len(steps))
    place = pointer + pointer_of(*steps[:agreeing])
    return any(
        place == found or found.startswith(f"{place}/") or place.startswith(f"{found}/") for found in open_places
    )


def _message(kind: str, message: str, field: str, action: Action) -> str:
    if kind != "extra_forbidden":
        return message
    known = [model_field.alias or name for name, model_field in action.input.model_fields.items()]
    return f"{action.name} has no setting {field!r}{_suggestion(field, known)}; available: {', '.join(known)}"


def unknown_action(name: str, actions: Iterable[str]) -> str:
    """The message for an action that does not exist, with similar names."""
    known = sorted(actions)
    hint = _suggestion(name, known)
    return f"there is no action {name!r}{hint or '; available: ' + ', '.join(known)}"


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""
