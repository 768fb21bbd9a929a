"""Limits of definitions and expressions, so that no definition, expression or payload can exhaust the process.

The work of an expression is counted in steps instead of seconds, so that the same input always has the same result:
it must not depend on how busy the machine is. A step is 64 characters or one element that is read, which takes well
under a microsecond.
"""

from __future__ import annotations

__all__ = [
    "MAX_BRACKETS",
    "MAX_DEPTH",
    "MAX_DOCUMENT",
    "MAX_EXPRESSIONS",
    "MAX_INPUT",
    "MAX_INTEGER_BITS",
    "MAX_ITEMS",
    "MAX_NODES",
    "MAX_RANGE",
    "MAX_SOURCE",
    "MAX_STEPS",
    "MAX_SYNTAX",
    "MAX_SYNTAX_DEPTH",
    "MAX_TEXT",
]

MAX_DOCUMENT = 512 * 1024
"""Bytes of a definition, as JSON or YAML."""

MAX_DEPTH = 64
"""Levels of arrays and objects in a definition or in a computed value."""

MAX_NODES = 500
"""Nodes of a definition."""

MAX_EXPRESSIONS = 1_000
"""Expressions of a definition."""

MAX_SOURCE = 4_096
"""Characters of one expression."""

MAX_BRACKETS = 32
"""Brackets open at once in one expression."""

MAX_SYNTAX = 1_000
"""Operands, operators, filters and the like of one expression."""

MAX_SYNTAX_DEPTH = 64
"""Levels of the syntax tree of one expression; each operator of `a + b + c` and each filter is one level."""

MAX_STEPS = 500_000
"""Steps of work that one group of fields (all settings of a node, a condition, a result) may take."""

MAX_TEXT = 4 * 1024 * 1024
"""Characters of a computed string."""

MAX_ITEMS = 100_000
"""Elements of a computed list, and items of a `for_each`."""

MAX_RANGE = 10_000
"""Elements of `range(…)`."""

MAX_INTEGER_BITS = 256
"""Bits of an integer in arithmetic; a larger one of a payload can be passed on unchanged."""

MAX_INPUT = 32 * 1024 * 1024
"""Bytes, as JSON, that one group of fields renders to."""
