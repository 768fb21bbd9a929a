"""One expression: compiled through Jinja2, evaluated within a scope and a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from hub.errors import ExpressionError
from hub.model.pointers import steps_of
from hub.workflows.expressions.budget import Budget, Fault, present
from hub.workflows.expressions.environment import CONNECTIONS, ENVIRONMENT, ExpressionContext, MissingName
from hub.workflows.expressions.missing import explain
from hub.workflows.expressions.operators import as_text
from hub.workflows.expressions.references import Reference
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.syntax import ParsedExpression, Step, parse_expression

__all__ = ["Expression", "compile_source"]


Root = Callable[[ExpressionContext], Iterator[Any]]
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression.

    Attributes:
        source: The expression as written, without delimiters.
        parsed: The names that it uses.
        pointer: JSON pointer of the string that contains it.
        node: Id of the node that it belongs to.
    """

    source: str
    parsed: ParsedExpression = field(repr=False)
    pointer: str
    node: str | None
    _root: Root | None = field(repr=False)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expression itself."""
        return (self,)

    def render(self, scope: Scope, budget: Budget | None = None) -> Any:
        """The value, of any JSON type."""
        budget = budget or Budget()
        return self.guarded(scope, lambda: self.value(scope, budget))

    def render_text(self, scope: Scope, budget: Budget) -> str | Reference:
        """The value as part of a text."""
        rendered: str | Reference = self.guarded(scope, lambda: self.text(scope, budget))
        return rendered

    def value(self, scope: Scope, budget: Budget) -> Any:
        """The value; raises the errors that `guarded` translates."""
        if self._root is None and self.parsed.path is not None:
            found = present(_follow(scope, *self.parsed.path))
            return found if isinstance(found, Reference) else budget.passed(_plain(found))
        return budget.result(present(self.evaluate(scope, budget)))

    def text(self, scope: Scope, budget: Budget) -> str | Reference:
        """The value as part of a text; raises the errors that `guarded` translates."""
        found = _follow(scope, *self.parsed.path) if self.parsed.path else self.evaluate(scope, budget)
        return found if isinstance(found, Reference) else as_text(budget, found)

    def evaluate(self, scope: Scope, budget: Budget) -> Any:
        """The bare result, which may not be a JSON value."""
        assert self._root is not None  # noqa: S101 - only plain paths have no root, and callers do not evaluate those
        return next(self._root(ExpressionContext(ENVIRONMENT, scope.names, budget)))

    def guarded(self, scope: Scope, function: Callable[[], Any]) -> Any:
        """Call `function`, and translate every error into one that names node, field and missing name."""
        try:
            return function()
        except MissingName as error:
            raise self._error(explain(self.parsed.tree, scope, error), error.name) from None
        except Fault as error:
            raise self._error(str(error)) from None
        except Exception as error:
            raise self._error(f"cannot be computed ({type(error).__name__})") from error

    def _error(self, message: str, missing: str | None = None) -> ExpressionError:
        steps = steps_of(self.pointer)[2 if self.node else 0 :]
        place = ".".join(steps)
        shown = self.source.strip()
        shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
        return ExpressionError(f"{{{{ {shown} }}}} {message}", node=self.node, field=place, missing=missing)


def compile_source(source: str, pointer: str, node: str | None) -> Expression:
    """Compile the text between the delimiters. Raises `Fault` if the expression can never work."""
    try:
        parsed = parse_expression(source)
        for constant in parsed.constants:
            _try_out(constant, whole=constant is parsed.tree)
        root = None if parsed.path is not None else _generate(parsed.tree)
    except Fault as error:
        raise Fault(f"the expression {{{{ {source.strip()[:80]} }}}} {error}") from None
    return Expression(source, parsed, pointer, node, root)


def _generate(tree: nodes.Expr) -> Root:
    """Compile a syntax tree to a Python function through Jinja2."""
    try:
        template = ENVIRONMENT.from_string(nodes.Template([nodes.Output([tree], lineno=1)], lineno=1))
    except Exception as error:
        raise Fault(f"cannot be compiled ({error})") from error
    root: Root = template.root_render_func
    return root


def _try_out(tree: nodes.Expr, *, whole: bool) -> None:
    """Evaluate a constant part once: if it fails now, it would fail in every execution."""
    budget = Budget()
    try:
        value = next(_generate(tree)(ExpressionContext(ENVIRONMENT, {}, budget)))
        if whole:
            budget.result(present(value))
    except Fault:
        raise
    except Exception as error:
        raise Fault(f"can never be computed: {error}") from error


def _follow(scope: Scope, name: str, steps: tuple[Step, ...]) -> Any:
    found: Any = CONNECTIONS if name == "connections" else scope.names.get(name, _ABSENT)
    if found is _ABSENT:
        found = ENVIRONMENT.undefined(name=name)
    for kind, key in steps:
        found = ENVIRONMENT.getattr(found, str(key)) if kind == "attribute" else ENVIRONMENT.getitem(found, key)
    return found


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | dict | list):
        return value
    raise Fault("is a method; call it with name()")
