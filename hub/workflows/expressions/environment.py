"""The sandbox that expressions are compiled for.

It is Jinja2's immutable sandbox with everything open removed: attribute access reaches keys of mappings and a short
list of pure methods, never a Python attribute; nothing but those methods can be called; filters and tests are the hub's
own, with limits; every operator is intercepted and limited; there are no statements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from jinja2 import StrictUndefined, Undefined, UndefinedError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from hub.workflows.expressions.budget import Budget, Fault, present
from hub.workflows.expressions.functions import FILTERS, GLOBALS, METHODS, TESTS
from hub.workflows.expressions.operators import BINARY, UNARY, compare, concatenate, cut
from hub.workflows.expressions.references import Reference

__all__ = ["CONNECTIONS", "ENVIRONMENT", "ExpressionContext", "ExpressionEnvironment", "MissingName"]


class MissingName(UndefinedError):
    """An expression used a missing name: `owner[0]` has no `name`. `owner` is None for a name of the scope itself."""

    def __init__(self, name: str, owner: tuple[Any] | None, message: str | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner


class Missing(StrictUndefined):
    """Stands for a missing name until it is used; `default` and `is defined` can handle it."""

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: object = None
    ) -> None:
        del exc
        owner = None if obj is missing else (obj,)
        super().__init__(hint, obj, name, partial(MissingName, name or "?", owner))  # type: ignore[arg-type] # called, not subclassed


class Connections:
    """The name `connections`: each of its attributes is a reference."""

    __slots__ = ()


CONNECTIONS = Connections()
_BUILT_IN = {**GLOBALS, "connections": CONNECTIONS}


class Method:
    """An allowed method of a value, before it is called."""

    __slots__ = ("function", "value")

    def __init__(self, function: Callable[..., Any], value: Any) -> None:
        self.function = function
        self.value = value


class ExpressionContext(Context):
    """The names of one rendering and its budget."""

    def __init__(self, environment: ExpressionEnvironment, names: dict[str, Any], budget: Budget) -> None:
        super().__init__(environment, names, None, {})
        self.budget = budget

    def resolve_or_missing(self, key: str) -> Any:
        """Built-in names first, so that a source's variables cannot hide them."""
        found = _BUILT_IN.get(key, missing)
        return found if found is not missing else self.parent.get(key, missing)


class ExpressionGenerator(CodeGenerator):
    """Generates code for one expression: without constant folding, and with all operators going to the environment."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja2 gives the name
        """Yield the value itself: the inherited method would fold constants and join strings."""
        self.writeline("yield ", node)
        self.visit(node.nodes[0], frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2 gives the name
        """`a ~ b`."""
        self._call("concatenate", node.nodes, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja2 gives the name
        """`a < b <= c`."""
        self.write(f"environment.compare(context, {tuple(operand.op for operand in node.ops)!r}, (")
        for operand in (node.expr, *(operand.expr for operand in node.ops)):
            self.visit(operand, frame)
            self.write(", ")
        self.write("))")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - Jinja2 gives the name
        """`a[b]` and `a[b:c]`: the inherited method would leave slices to Python."""
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        absent = nodes.Const(None)
        part = node.arg
        self._call("cut", [node.node, part.start or absent, part.stop or absent, part.step or absent], frame)

    def _call(self, function: str, arguments: Sequence[nodes.Expr], frame: Frame) -> None:
        self.write(f"environment.{function}(context, (")
        for argument in arguments:
            self.visit(argument, frame)
            self.write(", ")
        self.write("))")


class ExpressionEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox of this module. One instance serves all workflows, since it has no state."""

    code_generator_class = ExpressionGenerator
    intercepted_binops = frozenset(BINARY)
    intercepted_unops = frozenset(UNARY)

    def __init__(self) -> None:
        super().__init__(optimized=False, autoescape=False, undefined=Missing, cache_size=0)
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)
        self.globals = dict(GLOBALS)
        self.policies = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """No Python attribute is safe."""
        del obj, attr, value
        return False

    def is_safe_callable(self, obj: Any) -> bool:
        """Only the hub's own methods and globals."""
        return isinstance(obj, Method) or any(obj is function for function in GLOBALS.values())

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: the key of a mapping, else an allowed method, else missing."""
        if isinstance(obj, dict):
            try:
                return obj[attribute]
            except KeyError:
                pass
        elif isinstance(obj, Undefined):
            return obj
        elif isinstance(obj, Connections):
            return Reference(attribute)
        elif isinstance(obj, Reference) and obj.field is None:
            return Reference(obj.name, attribute)
        for kind, methods in METHODS:
            if isinstance(obj, kind) and attribute in methods:
                return Method(methods[attribute], obj)
        return Missing(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`: the key of a mapping, the element of a list, the character of a string, else missing."""
        if isinstance(obj, Undefined):
            return obj
        present(argument)
        if isinstance(obj, Connections | Reference) and isinstance(argument, str):
            return self.getattr(obj, argument)
        try:
            if isinstance(obj, dict):
                return obj[argument]
            if isinstance(obj, list | tuple | str) and isinstance(argument, int) and not isinstance(argument, bool):
                return obj[argument]
        except (KeyError, IndexError, TypeError):
            pass
        return Missing(obj=obj, name=str(argument)[:100] if isinstance(argument, str | int) else "?")

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """An allowed method or global, nothing else."""
        if isinstance(obj, Method):
            return obj.function(context, obj.value, *args, **kwargs)
        if self.is_safe_callable(obj):
            return obj(context, *args, **kwargs)
        raise Fault(f"calls a {type(present(obj)).__name__}, which is not a function")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """An arithmetic operator, within the limits."""
        return BINARY[operator](context.budget, left, right)

    def call_unop(self, context: Any, operator: str, arg: Any) -> Any:
        """A sign, within the limits."""
        return UNARY[operator](context.budget, arg)

    def compare(self, context: Any, operators: tuple[str, ...], operands: tuple[Any, ...]) -> bool:
        """A chain of comparisons, within the limits."""
        return compare(context.budget, operators, operands)

    def concatenate(self, context: Any, operands: tuple[Any, ...]) -> str:
        """`~`, within the limits."""
        return concatenate(context.budget, operands)

    def cut(self, context: Any, operands: tuple[Any, ...]) -> Any:
        """A slice, within the limits."""
        return cut(context.budget, *operands)


ENVIRONMENT = ExpressionEnvironment()
"""The one environment of the process."""
