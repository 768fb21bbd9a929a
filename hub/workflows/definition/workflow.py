"""A compiled workflow, as engines and triggers use it; `hub.workflows.definition.compiled` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from hub.errors import ExpressionError, Invalid, Problem
from hub.model.retry import Retry
from hub.sdk.action import Action
from hub.workflows.definition.parsed import Definition, EventFilter
from hub.workflows.expressions.budget import Budget
from hub.workflows.expressions.expression import Expression
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.templates import ValueTemplate
from hub.workflows.limits import MAX_ITEMS

__all__ = ["CompiledNode", "Trigger", "Workflow"]


_INLINE_NODES = 8
"""Most nodes of a workflow that is evaluated while its request is accepted."""


@dataclass(frozen=True, slots=True)
class CompiledNode:
    """A compiled node.

    Attributes:
        needs: Ids of the nodes that finish before this one starts.
        ancestors: Ids of all nodes that it needs, directly or not; its expressions may name these.
        for_each_concurrency: Items that run at the same time; 0 without `for_each`.
        pure: The action has no effects, so the node's entry may share a commit with others.
        connections: Names of the connections that its settings use; if empty, `input` returns no references.
    """

    id: str
    name: str
    action: Action
    needs: tuple[str, ...]
    ancestors: frozenset[str]
    retry: Retry | None
    timeout: float | None
    for_each_concurrency: int
    pure: bool
    connections: frozenset[str]
    _input: ValueTemplate = field(repr=False)
    _condition: ValueTemplate | None = field(repr=False)
    _items: ValueTemplate | None = field(repr=False)

    @property
    def plain(self) -> bool:
        """Whether the node computes one value and has no second try."""
        return self.action.name == "transform" and self._items is None and self.retry is None

    def condition(self, scope: Scope) -> bool:
        """Whether the node runs: its `if`, true without one. Raises `ExpressionError`."""
        return self._condition is None or bool(self._condition.render(scope))

    def items(self, scope: Scope) -> list[Any] | None:
        """The items of its `for_each`, None without one. Raises `ExpressionError`."""
        if self._items is None:
            return None
        found = self._items.render(scope)
        if not isinstance(found, list):
            raise ExpressionError("for_each needs a list", node=self.id, field="for_each")
        if len(found) > MAX_ITEMS:
            raise ExpressionError(f"for_each takes at most {MAX_ITEMS} items", node=self.id, field="for_each")
        return found

    def input(self, scope: Scope) -> dict[str, Any]:
        """The rendered `with`: JSON values, and references in the places of connections. Raises `ExpressionError`.

        `hub.workflows.expressions.references` masks it for the journal and resolves it for the call. Rendering is pure:
        the same journal always gives the same input.
        """
        rendered: dict[str, Any] = self._input.render(scope, Budget())
        return rendered


@dataclass(frozen=True, slots=True)
class Trigger:
    """A compiled filter of events."""

    source: str | None
    types: tuple[str, ...] | None
    _condition: ValueTemplate | None = field(repr=False)

    def names(self, event_type: str) -> bool:
        """Whether the filter names this very type, not by a pattern."""
        return self.types is not None and event_type in self.types

    def accepts(self, event_type: str, scope: Scope) -> bool:
        """Whether type and condition match; `*` in a type matches anything. Raises `ExpressionError`."""
        if self.types is not None and not any(fnmatchcase(event_type, _pattern(name)) for name in self.types):
            return False
        return self._condition is None or bool(self._condition.render(scope))


def _pattern(name: str) -> str:
    return name.replace("[", "[[]").replace("?", "[?]")


@dataclass(frozen=True)
class Workflow:
    """A compiled workflow.

    Attributes:
        definition: The definition as it was read.
        nodes: By id, in topological order; of nodes that can run at the same time, the one written first comes first.
        result: Template of `result`; None if the result is the output of the node that finishes last.
        sources: Ids of the sources that `triggers` names, as written.
        filters: The filters of `triggers`.
        deadline_seconds: How long an execution may take; None without limit.
        concurrency: How many executions may run at the same time; None without limit.
        serial_key_template: Template of `serial_key`; None without one.
        expressions: Every expression of the definition.
    """

    definition: Definition
    nodes: Mapping[str, CompiledNode]
    result: ValueTemplate | None
    sources: frozenset[str]
    filters: tuple[Trigger, ...]
    deadline_seconds: float | None
    concurrency: int | None
    serial_key_template: ValueTemplate | None
    expressions: tuple[Expression, ...] = field(default=(), repr=False)

    @cached_property
    def triggers(self) -> tuple[str | EventFilter, ...]:
        """The triggers as written."""
        return self.definition.triggers

    @cached_property
    def responds(self) -> bool:
        """Whether the workflow has a `respond` node, which may answer the sender."""
        return any(node.action.name == "respond" for node in self.nodes.values())

    @cached_property
    def inline(self) -> bool:
        """Whether its executions can be evaluated while they are accepted: few nodes, no effects, no limit to keep."""
        return (
            len(self.nodes) <= _INLINE_NODES
            and self.concurrency is None
            and self.serial_key_template is None
            and all(node.plain for node in self.nodes.values())
        )

    @property
    def keyed(self) -> bool:
        """Whether the workflow has a `serial_key`."""
        return self.serial_key_template is not None

    def serial_key(self, scope: Scope) -> str | None:
        """The serial key of an execution; None without one, or if it is null.

        Raises:
            ExpressionError: The key cannot be rendered, or is neither text nor a number.
        """
        key = None if self.serial_key_template is None else self.serial_key_template.render(scope)
        if key is None:
            return None
        if isinstance(key, str | int | float) and not isinstance(key, bool) and len(text := str(key)) <= 500:
            return text
        message = "must be text (at most 500 characters) or a number"
        raise ExpressionError(message, node=None, field="serial_key")

    def matches(self, event_type: str, control: bool, source_id: str | None, scope: Scope) -> bool:  # noqa: FBT001 - a fact about the event, not a mode
        """Whether an event of one of its sources starts the workflow.

        A filter without a source applies to all sources, a filter with one to that source. If filters apply, one of
        them has to accept the event. A control event (ping, revocation) needs a filter that names its very type.

        Args:
            event_type: Type of the event.
            control: Whether it is a control event.
            source_id: The source as `triggers` writes it; None or any other id if they do not name it, like the
                workflow's own source.
            scope: For the conditions; `TRIGGER` is the event's data.

        Raises:
            ExpressionError: The condition of a filter cannot be evaluated.
        """
        applying = [found for found in self.filters if found.source in (None, source_id)]
        if control:
            applying = [found for found in applying if found.names(event_type)]
        elif not applying:
            return True
        return any(found.accepts(event_type, scope) for found in applying)

    def require_node(self, node: str, pointer: str) -> None:
        """Check that a node which a source's response mode names exists.

        Raises:
            Invalid: The workflow has no such node.
        """
        if node not in self.nodes:
            known = ", ".join(self.nodes) or "none"
            problem = Problem(pointer, f"there is no node {node!r}; available: {known}")
            raise Invalid("The response names an unknown node.", (problem,))
