"""What expressions can call: the hub's own filters, tests, methods and globals, each pure and with limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.workflows.expressions.functions.bounded import range_of
from hub.workflows.expressions.functions.lists import LISTS
from hub.workflows.expressions.functions.mappings import MAPPINGS
from hub.workflows.expressions.functions.predicates import TESTS
from hub.workflows.expressions.functions.text import TEXT
from hub.workflows.expressions.functions.times import TIMES
from hub.workflows.expressions.functions.values import VALUES

__all__ = ["FILTERS", "GLOBALS", "METHODS", "TESTS"]

FILTERS: dict[str, Callable[..., Any]] = {**TEXT, **LISTS, **MAPPINGS, **VALUES, **TIMES}
"""Filters by name: `value | name(arguments)`."""

GLOBALS: dict[str, Callable[..., Any]] = {"range": range_of}
"""Functions by name: `name(arguments)`."""

METHODS: tuple[tuple[type, dict[str, Callable[..., Any]]], ...] = (
    (
        str,
        {
            name: FILTERS[name]
            for name in ("capitalize", "endswith", "join", "lower", "replace", "split", "startswith", "title", "upper")
        }
        | {"strip": FILTERS["trim"]},
    ),
    (dict, {name: FILTERS[name] for name in ("get", "items", "keys", "values")}),
)
"""Methods by type of the value and name: `value.name(arguments)`. Keys of a mapping win over them."""
