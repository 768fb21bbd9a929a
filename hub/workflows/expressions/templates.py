"""Expressions `{{ … }}` and `${{ … }}` in the values of a definition: compiled once, rendered per node.

- A string that is one expression renders to its value, of any type; any other string renders to a text.
- A string of the scope (of a payload) is a value: it is never parsed, evaluated or converted.
- A missing name is an error unless `default` or `is defined` handles it.
- Rendering is a pure function of the scope, with limits (`hub.workflows.limits`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hub.errors import ExpressionError, Invalid, Problem
from hub.model.pointers import pointer_of
from hub.workflows.expressions.budget import Budget, Fault
from hub.workflows.expressions.expression import Expression, compile_source
from hub.workflows.expressions.references import Mixed, Reference
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.syntax import ExpressionSource, cut_up

__all__ = ["ExpressionError", "ValueTemplate", "compile_condition", "compile_value"]


class ValueTemplate(Protocol):
    """A compiled value."""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions in it, in order; empty for a constant."""
        ...

    def render(self, scope: Scope, budget: Budget | None = None) -> Any:
        """The JSON value, with `Reference` and `Mixed` in the places of connections.

        Args:
            scope: The names.
            budget: Shared by all values that one node renders; by default a new one.

        Raises:
            ExpressionError: A name is missing, an operation fails, or a limit is exceeded.
        """
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A value without expressions."""

    value: Any

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Empty."""
        return ()

    def render(self, scope: Scope, budget: Budget | None = None) -> Any:
        """The value itself."""
        del scope, budget
        return self.value


@dataclass(frozen=True, slots=True)
class Text:
    """A string with expressions in it."""

    parts: tuple[str | Expression, ...]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions of its parts."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    def render(self, scope: Scope, budget: Budget | None = None) -> Any:
        """A string, or `Mixed` if it names connections."""
        budget = budget or Budget()
        rendered: list[str | Reference] = []
        for part in self.parts:
            if isinstance(part, Expression):
                rendered.append(part.render_text(scope, budget))
            else:
                rendered.append(part)
        if any(isinstance(part, Reference) for part in rendered):
            return Mixed(tuple(rendered))
        texts = [str(part) for part in rendered]

        def join() -> str:
            budget.length(sum(map(len, texts)))
            joined: str = budget.passed("".join(texts))
            return joined

        return self.expressions[0].guarded(scope, join)


@dataclass(frozen=True, slots=True)
class Array:
    """A list with expressions in it."""

    items: tuple[ValueTemplate, ...]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions of its items."""
        return tuple(expression for item in self.items for expression in item.expressions)

    def render(self, scope: Scope, budget: Budget | None = None) -> list[Any]:
        """A list."""
        budget = budget or Budget()
        return [item.render(scope, budget) for item in self.items]


@dataclass(frozen=True, slots=True)
class Object:
    """A mapping with expressions in its values."""

    items: Mapping[str, ValueTemplate]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions of its values."""
        return tuple(expression for item in self.items.values() for expression in item.expressions)

    def render(self, scope: Scope, budget: Budget | None = None) -> dict[str, Any]:
        """A mapping."""
        budget = budget or Budget()
        return {key: item.render(scope, budget) for key, item in self.items.items()}


def compile_value(value: Any, pointer: str, *, node: str | None = None) -> ValueTemplate:
    """Compile a JSON value of a definition.

    Args:
        value: The value; every string in it may contain expressions.
        pointer: Its JSON pointer in the definition.
        node: Id of the node that it belongs to, for messages.

    Raises:
        Invalid: With one problem per expression that cannot work.
    """
    problems: list[Problem] = []
    template = _compile(value, pointer, node, problems)
    if problems:
        raise Invalid("An expression can never work.", tuple(problems))
    return template


def compile_condition(value: Any, pointer: str, *, node: str | None = None) -> ValueTemplate:
    """Compile a field that is one expression (`if`, `for_each`), with or without delimiters.

    Raises:
        Invalid: The expression can never work, or the field is a text with expressions in it.
    """
    if not isinstance(value, str):
        return compile_value(value, pointer, node=node)
    template = compile_value(value if "{{" in value else f"{{{{ {value} }}}}", pointer, node=node)
    if isinstance(template, Text):
        message = "must be one expression, without text around it"
        raise Invalid("An expression can never work.", (Problem(pointer, message),))
    return template


def _compile(value: Any, pointer: str, node: str | None, problems: list[Problem]) -> ValueTemplate:
    if isinstance(value, str):
        return _compile_string(value, pointer, node, problems) if "{{" in value or "{%" in value else Constant(value)
    if isinstance(value, list | tuple):
        items = [_compile(item, pointer + pointer_of(index), node, problems) for index, item in enumerate(value)]
        return Array(tuple(items)) if any(item.expressions for item in items) else Constant(value)
    if isinstance(value, Mapping):
        fields = {key: _compile(item, pointer + pointer_of(key), node, problems) for key, item in value.items()}
        problems += [
            Problem(pointer + pointer_of(key), "a key cannot contain an expression; only its value can")
            for key in fields
            if "{{" in key
        ]
        return Object(fields) if any(item.expressions for item in fields.values()) else Constant(value)
    return Constant(value)


def _compile_string(value: str, pointer: str, node: str | None, problems: list[Problem]) -> ValueTemplate:
    try:
        parts = [
            compile_source(part, pointer, node) if isinstance(part, ExpressionSource) else part
            for part in cut_up(value)
        ]
    except Fault as error:
        problems.append(Problem(pointer, str(error)))
        return Constant(value)
    first = parts[0]
    return first if len(parts) == 1 and isinstance(first, Expression) else Text(tuple(parts))
