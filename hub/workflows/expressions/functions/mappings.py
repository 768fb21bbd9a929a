"""Filters for objects."""

from __future__ import annotations

from typing import Any

from hub.workflows.expressions.budget import Budget, Fault
from hub.workflows.expressions.functions.bounded import Table

__all__ = ["MAPPINGS"]

MAPPINGS = Table()


def _mapping(budget: Budget, value: Any, what: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise Fault(f"{what} needs an object")
    budget.items(len(value))
    return value


@MAPPINGS.add("get", flat=True)
def get(_budget: Budget, value: Any, key: Any, default: Any = None) -> Any:
    """The value of a key, or the default."""
    if not isinstance(value, dict) or not isinstance(key, str):
        raise Fault("get needs an object and a string")
    return value.get(key, default)


@MAPPINGS.add("items", flat=True)
def items(budget: Budget, value: Any) -> list[list[Any]]:
    """Pairs of key and value."""
    return [[key, item] for key, item in _mapping(budget, value, "items").items()]


@MAPPINGS.add("keys", flat=True)
def keys(budget: Budget, value: Any) -> list[Any]:
    """The keys."""
    return list(_mapping(budget, value, "keys"))


@MAPPINGS.add("values", flat=True)
def values(budget: Budget, value: Any) -> list[Any]:
    """The values."""
    return list(_mapping(budget, value, "values").values())


@MAPPINGS.add("merge", flat=True)
def merge(budget: Budget, value: Any, other: Any) -> dict[Any, Any]:
    """The keys of both objects; those of the second one win."""
    return {**_mapping(budget, value, "merge"), **_mapping(budget, other, "merge")}


@MAPPINGS.add("dict", flat=True)
def as_dict(budget: Budget, value: Any) -> dict[Any, Any]:
    """An object from a list of pairs of key and value."""
    if not isinstance(value, list | tuple):
        raise Fault("dict needs a list of pairs")
    budget.items(len(value))
    found = {}
    for pair in value:
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise Fault("dict needs pairs of a string and a value")
        found[pair[0]] = pair[1]
    return found
