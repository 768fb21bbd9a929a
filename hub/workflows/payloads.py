"""Body templates of subscriptions: expressions over the names of a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import Invalid, Problem
from hub.workflows.expressions.references import Mixed, Reference
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.templates import compile_value

__all__ = ["body_template"]


def body_template(template: Any) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a template.

    Returns:
        A function that renders the template over names (`type`, `timestamp`, `data`, `client`, `id`). It raises
        `ExpressionError` for a missing name, and `Invalid` if the template names a connection: receivers get no secrets
        of the org.

    Raises:
        Invalid: An expression can never work.
    """
    compiled = compile_value(template, "/template")

    def render(names: Mapping[str, Any]) -> Any:
        value = compiled.render(Scope(dict(names)))
        if _has_reference(value):
            message = "names a connection, which only workflows may use"
            raise Invalid(f"the template {message}", (Problem("/template", message),))
        return value

    return render


def _has_reference(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_reference, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_has_reference, value))
    return isinstance(value, (Reference, Mixed))
