"""Explains missing names: which object lacks the name, and what it has instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jinja2 import nodes

from hub.workflows.expressions.environment import ENVIRONMENT, MissingName
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.syntax import plain_path

__all__ = ["explain"]


def explain(tree: nodes.Expr, scope: Scope, error: MissingName) -> str:
    """One sentence for the author of the expression."""
    if error.owner is None:
        return f"uses the name {error.name!r}, which is missing; available: {_listed(scope.names)}"
    owner = error.owner[0]
    place = _place(tree, scope, owner) or _kind(owner)
    if isinstance(owner, dict):
        return f"fails: {place} has no {error.name!r}; available: {_listed(owner)}"
    if isinstance(owner, list | tuple):
        return f"fails: {place} has no {error.name!r}; it is a list of {len(owner)}"
    return f"fails: {place} is {_kind(owner)} and has no {error.name!r}"


def _place(tree: nodes.Expr, scope: Scope, owner: Any) -> str | None:
    """How the expression refers to the object, if by a plain path."""
    chains = [tree, *tree.find_all((nodes.Getattr, nodes.Getitem))]
    for path in filter(None, map(plain_path, (chain for chain in chains if isinstance(chain, nodes.Expr)))):
        found, text = scope.names.get(path[0]), path[0]
        for kind, key in path[1]:
            if found is owner:
                return text
            found = ENVIRONMENT.getitem(found, key)
            text += f".{key}" if kind == "attribute" else f"[{key!r}]"
    return None


def _kind(value: Any) -> str:
    known = {"NoneType": "null", "str": "a string", "dict": "an object", "list": "a list", "bool": "a boolean"}
    return known.get(type(value).__name__, "a number" if isinstance(value, int | float) else "a value")


def _listed(names: Iterable[Any]) -> str:
    found = sorted(str(name) for name in names)
    shown = ", ".join(name if len(name) <= 40 else f"{name[:39]}…" for name in found[:12])
    return f"{shown}, …" if len(found) > 12 else shown or "nothing"
