"""A workflow made ready to run: what engines and triggers ask of it. `hub.workflows.definition.compiled` makes it."""

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
from hub.workflows.expressions.scope import Scope
from hub.workflows.expressions.templates import ValueTemplate
from hub.workflows.limits import MAX_ITEMS

__all__ = ["CompiledNode", "Trigger", "Workflow"]


_INLINE_NODES = 8
"""Most nodes of a workflow that is worked out before it is accepted."""


@dataclass(frozen=True, slots=True)
class CompiledNode:
    """A node made ready to run.

    Attributes:
        needs: Ids of the nodes that finish before this one starts.
        ancestors: Ids of all nodes that it needs, directly or not; its expressions may name these.
        for_each_concurrency: Items that run at once; 0 without `for_each`.
        pure: No effects; it may share a commit.
        connections: Names of the connections that its settings refer to; where there are none, `input` holds no
            references.
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
        """Whether it computes one value and cannot be tried again."""
        return self.action.name == "transform" and self._items is None and self.retry is None

    def condition(self, scope: Scope) -> bool:
        """Whether the node runs: its `if`, true where it has none. Raises `ExpressionError`."""
        return self._condition is None or bool(self._condition.render(scope))

    def items(self, scope: Scope) -> list[Any] | None:
        """The items of its `for_each`, None where it has none. Raises `ExpressionError`."""
        if self._items is None:
            return None
        found = self._items.render(scope)
        if not isinstance(found, list):
            raise ExpressionError("for_each needs a list", node=self.id, field="for_each")
        if len(found) > MAX_ITEMS:
            raise ExpressionError(f"for_each takes at most {MAX_ITEMS} items", node=self.id, field="for_each")
        return found

    def input(self, scope: Scope) -> dict[str, Any]:
        """The rendered `with`: JSON values, and references where connections are named. Raises `ExpressionError`.

        `hub.workflows.expressions.references` masks it for the journal and resolves it for the call. Pure: rendering
        it again from the same journal gives the same.
        """
        rendered: dict[str, Any] = self._input.render(scope, Budget())
        return rendered


@dataclass(frozen=True, slots=True)
class Trigger:
    """A filter of events with its condition compiled."""

    source: str | None
    types: tuple[str, ...] | None
    _condition: ValueTemplate | None = field(repr=False)

    def names(self, event_type: str) -> bool:
        """Whether it names the type itself, not by a pattern."""
        return self.types is not None and event_type in self.types

    def accepts(self, event_type: str, scope: Scope) -> bool:
        """Whether type and condition hold; `*` in a type stands for anything. Raises `ExpressionError`."""
        if self.types is not None and not any(fnmatchcase(event_type, _pattern(name)) for name in self.types):
            return False
        return self._condition is None or bool(self._condition.render(scope))


def _pattern(name: str) -> str:
    return name.replace("[", "[[]").replace("?", "[?]")


@dataclass(frozen=True)
class Workflow:
    """A workflow made ready to run.

    Attributes:
        definition: As it was read.
        nodes: By id, in topological order; of nodes that could run at once, the one written first comes first.
        result: ValueTemplate of `result`; None where the result is the output of the node that finished last.
        sources: Ids of the sources that `triggers` names, as written.
        filters: The filters of `triggers`.
        deadline_seconds: How long an execution may take, None without limit.
        concurrency: How many executions may run at once, None without limit.
        serial_key_template: ValueTemplate of `serial_key`; None where it has none.
    """

    definition: Definition
    nodes: Mapping[str, CompiledNode]
    result: ValueTemplate | None
    sources: frozenset[str]
    filters: tuple[Trigger, ...]
    deadline_seconds: float | None
    concurrency: int | None
    serial_key_template: ValueTemplate | None

    @cached_property
    def triggers(self) -> tuple[str | EventFilter, ...]:
        """As written."""
        return self.definition.triggers

    @cached_property
    def responds(self) -> bool:
        """Whether a `respond` node may answer the sender."""
        return any(node.action.name == "respond" for node in self.nodes.values())

    @cached_property
    def inline(self) -> bool:
        """Whether it only computes values, with few nodes, and nothing holds an execution of it back."""
        return (
            len(self.nodes) <= _INLINE_NODES
            and self.concurrency is None
            and self.serial_key_template is None
            and all(node.plain for node in self.nodes.values())
        )

    @property
    def keyed(self) -> bool:
        """Whether executions with the same key run one after the other."""
        return self.serial_key_template is not None

    def serial_key(self, scope: Scope) -> str | None:
        """The key under which executions run one after the other; None where there is none, or it is null.

        Raises:
            ExpressionError: The key cannot be rendered, or is neither text nor number.
        """
        key = None if self.serial_key_template is None else self.serial_key_template.render(scope)
        if key is None:
            return None
        if isinstance(key, str | int | float) and not isinstance(key, bool) and len(text := str(key)) <= 500:
            return text
        message = "must give a text (of at most 500 characters) or a number"
        raise ExpressionError(message, node=None, field="serial_key")

    def matches(self, event_type: str, control: bool, source_id: str | None, scope: Scope) -> bool:  # noqa: FBT001 - a fact, no mode
        """Whether an event of one of its sources starts it.

        Filters without a source hold for all sources, filters with one for that source; where filters apply, one of
        them has to accept. A control event (ping, revocation) needs one that names its very type.

        Args:
            event_type: Type of the event.
            control: Whether it is a control event.
            source_id: The source as `triggers` writes it; None or any other id where they do not name it, as the
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
        """Refuse a node that a source's response mode names and that does not exist.

        Raises:
            Invalid: There is no such node.
        """
        if node not in self.nodes:
            known = ", ".join(self.nodes) or "none"
            problem = Problem(pointer, f"there is no node {node!r}; the workflow's nodes: {known}")
            raise Invalid("The response names an unknown node.", (problem,))
