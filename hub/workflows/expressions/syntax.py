"""The syntax of expressions: splits texts into parts, parses expressions and checks them without evaluating them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.nodes import Expr
from jinja2.parser import Parser

from hub.workflows.expressions.budget import Fault
from hub.workflows.expressions.environment import ENVIRONMENT
from hub.workflows.expressions.functions import GLOBALS, METHODS
from hub.workflows.limits import MAX_BRACKETS, MAX_SOURCE, MAX_SYNTAX, MAX_SYNTAX_DEPTH

__all__ = ["ExpressionSource", "ParsedExpression", "Step", "cut_up", "parse_expression", "plain_path"]

Step = tuple[str, str | int]
"""A step of a plain path: `("attribute", name)` or `("item", key)`."""

_SPECIAL = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[(){}\[\]'"]""", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_NAMING = {"map": 0, "select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
_METHODS = frozenset(name for _, methods in METHODS for name in methods)
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Name,
    nodes.Const,
    nodes.Tuple,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Concat,
    nodes.Compare,
    nodes.Operand,
    nodes.BinExpr,
    nodes.UnaryExpr,
)


class ExpressionSource(str):
    """The text between `{{` and `}}`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ParsedExpression:
    """A parsed expression and the names in it.

    Attributes:
        tree: The syntax tree.
        names: Names that it uses, such as `TRIGGER`.
        nodes: Ids in `nodes.<id>`.
        connections: Names in `connections.<name>`.
        path: Name and steps, if the expression is only `name.a["b"][0]`.
        constants: The largest parts that use no name and compute something.
    """

    tree: Expr
    names: frozenset[str]
    nodes: frozenset[str]
    connections: frozenset[str]
    path: tuple[str, tuple[Step, ...]] | None
    constants: tuple[Expr, ...]


def cut_up(text: str) -> list[str]:
    """A string as literal parts (`str`) and expressions (`ExpressionSource`); `${{ … }}` means `{{ … }}`.

    Raises:
        Fault: An expression is not closed, or the text contains a statement `{% … %}`.
    """
    parts: list[str] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        end = _end_of(text, start + 2)
        literal = text[position:start].removesuffix("$")
        source = text[start + 2 : end]
        if source[:1] == "-" and source[1:2].isspace():
            raise Fault("`{{-` is not supported: white space is always kept")
        parts += [_literal(literal), ExpressionSource(source)] if literal else [ExpressionSource(source)]
        position = end + 2
    if position < len(text) or not parts:
        parts.append(_literal(text[position:]))
    return parts


def _literal(text: str) -> str:
    if "{%" in text:
        raise Fault("statements `{% … %}` are not supported; write `{{ '{%' }}` for the characters themselves")
    return text


def _end_of(text: str, start: int) -> int:
    """Where the `}}` of an expression begins."""
    expected: list[str] = []
    for found in _SPECIAL.finditer(text, start, start + MAX_SOURCE + 2):
        bracket = found.group()
        if bracket in _CLOSING:
            expected.append(_CLOSING[bracket])
            if len(expected) > MAX_BRACKETS:
                raise Fault(f"an expression has more than {MAX_BRACKETS} open brackets")
        elif bracket in ")]}":
            if expected and expected[-1] == bracket:
                expected.pop()
            elif not expected and text.startswith("}}", found.start()):
                return found.start()
            else:
                raise Fault(f"an expression has a {bracket!r} that closes nothing")
        elif bracket in "'\"":
            raise Fault("a string inside an expression is not closed")
    raise Fault(f"an expression is not closed with }}}} (within {MAX_SOURCE} characters)")


def parse_expression(source: str) -> ParsedExpression:
    """Parse an expression and check that everything in it is allowed.

    Raises:
        Fault: The expression cannot be read, is too large, or uses something that does not exist or is not allowed.
    """
    if len(source) > MAX_SOURCE:
        raise Fault(f"has more than {MAX_SOURCE} characters")
    if not source.strip():
        raise Fault("is empty")
    try:
        parser = Parser(ENVIRONMENT, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise Fault(f"cannot be read at {str(parser.stream.current.value)[:40]!r}")
    except TemplateSyntaxError as error:
        raise Fault(f"cannot be read: {error.message}") from None
    except (RecursionError, ValueError, OverflowError):
        raise Fault("is nested too deeply or contains a number that is too long") from None
    tree.set_environment(ENVIRONMENT)
    return _facts(tree)


def _facts(tree: nodes.Expr) -> ParsedExpression:
    names: set[str] = set()
    elements: dict[str, set[str]] = {"nodes": set(), "connections": set()}
    owners: set[int] = set()
    for node in _walk(tree):
        _check(node)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            owners.add(id(node.node))
            chain = plain_path(node)
            if chain and chain[0] in elements and len(chain[1]) == 1:
                elements[chain[0]].add(str(chain[1][0][1]))
        elif isinstance(node, nodes.Name):
            names.add(node.name)
            if node.name in elements and id(node) not in owners:
                raise Fault(f"does not name an element of `{node.name}`: write {node.name}.NAME")
    for name, found in elements.items():
        if name in names and not found:
            raise Fault(f"must name an element of `{name}` literally: {name}.NAME")
    path = plain_path(tree)
    if elements["connections"] and (path is None or len(path[1]) > 2):
        raise Fault("must contain nothing but the connection: connections.NAME or connections.NAME.FIELD")
    connections, node_ids = frozenset(elements["connections"]), frozenset(elements["nodes"])
    return ParsedExpression(tree, frozenset(names), node_ids, connections, path, tuple(_constants(tree)))


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """All nodes, parents first, without recursion."""
    pending = [(tree, 1)]
    count = 0
    while pending:
        node, depth = pending.pop()
        count += 1
        if count > MAX_SYNTAX or depth > MAX_SYNTAX_DEPTH:
            raise Fault("is too long or nested too deeply; compute parts of it in separate nodes")
        yield node
        pending.extend((child, depth + 1) for child in node.iter_child_nodes())


def _check(node: nodes.Node) -> None:
    if not isinstance(node, _ALLOWED):
        raise Fault(f"uses {type(node).__name__.lower()}, which expressions do not support")
    if isinstance(node, nodes.Name) and (node.name.startswith("_") or node.name in ("self", "super")):
        raise Fault(f"uses the name {node.name!r}, which is not allowed")
    if isinstance(node, nodes.Getattr) and node.attr.startswith("__"):
        raise Fault(f"uses .{node.attr}, which is not allowed")
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and _SURROGATE.search(node.value):
        raise Fault("contains half of a surrogate pair, which is not a character")
    if isinstance(node, nodes.Const) and isinstance(node.value, float) and node.value in (float("inf"), float("-inf")):
        raise Fault("contains a number that is out of range")
    if isinstance(node, nodes.Filter | nodes.Test | nodes.Call):
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise Fault("uses * or ** in arguments")
        if isinstance(node, nodes.Call):
            _check_call(node)
        else:
            _check_named(node)


def _check_named(node: nodes.Filter | nodes.Test) -> None:
    table, what = (ENVIRONMENT.filters, "filter") if isinstance(node, nodes.Filter) else (ENVIRONMENT.tests, "test")
    function = table.get(node.name)
    if function is None or node.node is None:
        raise Fault(f"uses the {what} {node.name!r}, which does not exist; available: {', '.join(sorted(table))}")
    _bind(what, node.name, function, node.args, node.kwargs)
    _check_inner(node)


def _check_inner(node: nodes.Filter | nodes.Test) -> None:
    """Check a filter or test that is named in a string: `map("upper")`, `selectattr("level", "eq", 3)`."""
    position = _NAMING.get(node.name) if isinstance(node, nodes.Filter) else None
    if position is None or len(node.args) <= position or not isinstance(inner := node.args[position], nodes.Const):
        return
    table, what = (ENVIRONMENT.filters, "filter") if node.name == "map" else (ENVIRONMENT.tests, "test")
    if inner.value is None:
        return
    function = table.get(inner.value)
    if function is None:
        known = ", ".join(sorted(table))
        raise Fault(f"gives {node.name!r} the {what} {inner.value!r}, which does not exist; available: {known}")
    _bind(what, str(inner.value), function, node.args[position + 1 :], node.kwargs)


def _bind(
    what: str, name: str, function: Any, args: Sequence[nodes.Expr], kwargs: Iterable[nodes.Pair | nodes.Keyword]
) -> None:
    """Check the arguments of a filter or test; budget and value come before them."""
    try:
        inspect.signature(function).bind(None, None, *args, **{str(pair.key): pair.value for pair in kwargs})
    except TypeError as error:
        raise Fault(f"gives the {what} {name!r} wrong arguments: {error}") from None


def _check_call(node: nodes.Call) -> None:
    callee = node.node
    if isinstance(callee, nodes.Name) and callee.name in GLOBALS:
        return
    if isinstance(callee, nodes.Getattr) and callee.attr in _METHODS:
        return
    name = callee.attr if isinstance(callee, nodes.Getattr) else getattr(callee, "name", "that")
    raise Fault(f"calls {name!r}, which is not a function; use a filter: value | filter")


def plain_path(tree: nodes.Node) -> tuple[str, tuple[Step, ...]] | None:
    """Name and steps of a tree that is only `name.a["b"][0]`, else None."""
    steps: list[Step] = []
    while True:
        if isinstance(tree, nodes.Getattr):
            steps.append(("attribute", tree.attr))
        elif isinstance(tree, nodes.Getitem) and isinstance(tree.arg, nodes.Const) and _is_key(tree.arg.value):
            steps.append(("item", tree.arg.value))
        else:
            break
        tree = tree.node
    return (tree.name, tuple(reversed(steps))) if isinstance(tree, nodes.Name) and tree.name not in GLOBALS else None


def _is_key(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _constants(tree: nodes.Expr) -> Iterator[nodes.Expr]:
    """The largest parts that use no name of the scope."""
    pending: list[nodes.Node] = [tree]
    while pending:
        node = pending.pop()
        free = {name.name for name in node.find_all(nodes.Name)} | (
            {node.name} if isinstance(node, nodes.Name) else set()
        )
        if isinstance(node, nodes.Expr) and free <= GLOBALS.keys():
            if not isinstance(node, nodes.Const | nodes.Name | nodes.Slice):
                yield node
            continue
        pending.extend(node.iter_child_nodes())
