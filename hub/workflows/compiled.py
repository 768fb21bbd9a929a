"""A definition made ready to run: the graph in order, every expression compiled, every constant setting checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from hub.errors import ExpressionError, Invalid, Problem
from hub.model.retry import Retry
from hub.plugins.action import Action
from hub.workflows.budget import Budget
from hub.workflows.definition import Definition, EventFilter, Node, parse
from hub.workflows.expressions import Template, compile_condition, compile_value
from hub.workflows.graph import ancestors, cycle_in, in_order
from hub.workflows.inputs import check_input, unknown_action
from hub.workflows.limits import MAX_EXPRESSIONS, MAX_ITEMS
from hub.workflows.pointers import pointer_of
from hub.workflows.scope import Scope

__all__ = ["CompiledNode", "Trigger", "Workflow", "compile_workflow"]


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
    _input: Template = field(repr=False)
    _condition: Template | None = field(repr=False)
    _items: Template | None = field(repr=False)

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

        `hub.workflows.references` masks it for the journal and resolves it for the call. Pure: rendering it again
        from the same journal gives the same.
        """
        rendered: dict[str, Any] = self._input.render(scope, Budget())
        return rendered


@dataclass(frozen=True, slots=True)
class Trigger:
    """A filter of events with its condition compiled."""

    source: str | None
    types: tuple[str, ...] | None
    _condition: Template | None = field(repr=False)

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
        result: Template of `result`; None where the result is the output of the node that finished last.
        sources: Ids of the sources that `triggers` names, as written.
        filters: The filters of `triggers`.
        deadline_seconds: How long an execution may take, None without limit.
        concurrency: How many executions may run at once, None without limit.
    """

    definition: Definition
    nodes: Mapping[str, CompiledNode]
    result: Template | None
    sources: frozenset[str]
    filters: tuple[Trigger, ...]
    deadline_seconds: float | None
    concurrency: int | None
    _serial_key: Template | None

    @cached_property
    def triggers(self) -> tuple[str | EventFilter, ...]:
        """As written."""
        return self.definition.triggers

    def serial_key(self, scope: Scope) -> str | None:
        """The key under which executions run one after the other; None where there is none, or it is null.

        Raises:
            ExpressionError: The key cannot be rendered, or is neither text nor number.
        """
        key = None if self._serial_key is None else self._serial_key.render(scope)
        if key is None:
            return None
        if isinstance(key, str | int | float) and not isinstance(key, bool) and len(text := str(key)) <= 500:
            return text
        message = "must give a text (of at most 500 characters) or a number"
        raise ExpressionError(message, node=None, field="serial_key")

    def matches(self, event_type: str, control: bool, source_id: str, scope: Scope) -> bool:  # noqa: FBT001
        """Whether an event of one of its sources starts it.

        Filters without a source hold for all sources, filters with one for that source; where filters apply, one of
        them has to accept. A control event (ping, revocation) needs one that names its very type.

        Args:
            event_type: Type of the event.
            control: Whether it is a control event.
            source_id: The source, as `triggers` would write it.
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


def compile_workflow(definition: Mapping[str, Any] | Definition, actions: Mapping[str, Action]) -> Workflow:
    """Check a definition and make it ready to run.

    Args:
        definition: A JSON object, or what `parse` made of one.
        actions: All actions by name, the core's and the plugins'.

    Raises:
        Invalid: It can never work; one problem per fault, each with its JSON pointer.
    """
    found = definition if isinstance(definition, Definition) else parse(definition)
    return _Compiler(found, actions).workflow()


class _Compiler:
    """Collects every fault before it gives up."""

    def __init__(self, definition: Definition, actions: Mapping[str, Action]) -> None:
        self._definition = definition
        self._actions = actions
        self._problems: list[Problem] = []
        self._count = 0
        self._positions = {node.id: index for index, node in reversed(list(enumerate(definition.nodes)))}

    def workflow(self) -> Workflow:
        self._check_graph()
        order = in_order({node.id: node.needs for node in self._definition.nodes})
        above = ancestors({node.id: node.needs for node in self._definition.nodes})
        compiled = [self._node(index, node, above[node.id]) for index, node in enumerate(self._definition.nodes)]
        by_id = {node.id: node for node in compiled if node is not None}
        definition = self._definition
        result = self._template(definition.result, "/result") if definition.has_result else None
        serial = self._template(definition.serial_key, "/serial_key", bare=True)
        filters = tuple(
            self._filter(index, trigger)
            for index, trigger in enumerate(definition.triggers)
            if isinstance(trigger, EventFilter)
        )
        if self._count > MAX_EXPRESSIONS:
            self._problems.append(Problem("", f"holds {self._count} expressions; at most {MAX_EXPRESSIONS} fit"))
        if self._problems:
            raise Invalid("The definition can never work.", tuple(self._problems))
        named = {trigger.removeprefix("webhookId:") for trigger in definition.triggers if isinstance(trigger, str)}
        return Workflow(
            definition=definition,
            nodes={name: by_id[name] for name in order},
            result=result,
            sources=frozenset(named | {found.source for found in filters if found.source is not None}),
            filters=filters,
            deadline_seconds=definition.deadline,
            concurrency=definition.concurrency,
            _serial_key=serial,
        )

    def _check_graph(self) -> None:
        seen: set[str] = set()
        for index, node in enumerate(self._definition.nodes):
            if node.id in seen:
                first = self._positions[node.id]
                self._fault(f"the id {node.id!r} is taken by /nodes/{first}", "nodes", index, "id")
            seen.add(node.id)
            for position, need in enumerate(node.needs):
                if need not in self._positions:
                    known = ", ".join(self._positions)
                    self._fault(f"there is no node {need!r}; there are: {known}", "nodes", index, "needs", position)
        if loop := cycle_in({node.id: node.needs for node in self._definition.nodes}):
            index = self._positions[loop[0]]
            self._fault(f"nodes need each other in a circle: {' -> '.join(loop)}", "nodes", index, "needs")

    def _node(self, index: int, node: Node, above: frozenset[str]) -> CompiledNode | None:
        place = pointer_of("nodes", index)
        known = above if not node.for_each else above
        inside = {"item", "index"} if node.for_each else set[str]()
        template = self._template(node.with_, f"{place}/with", node=node.id, known=known, inside=inside)
        condition = self._template(node.if_, f"{place}/if", node=node.id, known=known, bare=True)
        items = None
        if node.for_each is not None:
            items = self._template(node.for_each.items, f"{place}/for_each", node=node.id, known=known, bare=True)
        action = self._actions.get(node.action)
        if action is None:
            self._fault(unknown_action(node.action, self._actions), "nodes", index, "action")
        if action is None or template is None:
            return None
        self._problems += check_input(action, node.with_, template, f"{place}/with")
        return CompiledNode(
            id=node.id,
            name=node.name,
            action=action,
            needs=node.needs,
            ancestors=above,
            retry=node.retry,
            timeout=node.timeout,
            for_each_concurrency=node.for_each.concurrency if node.for_each else 0,
            pure=action.pure,
            connections=frozenset().union(*(part.parsed.connections for part in template.expressions)),
            _input=template,
            _condition=condition,
            _items=items,
        )

    def _filter(self, index: int, found: EventFilter) -> Trigger:
        condition = self._template(found.if_, f"/triggers/{index}/if", known=frozenset(), bare=True)
        return Trigger(found.source, found.types, condition)

    def _template(
        self,
        value: Any,
        pointer: str,
        *,
        node: str | None = None,
        known: frozenset[str] | None = None,
        inside: set[str] | None = None,
        bare: bool = False,
    ) -> Template | None:
        """Compile a field and check the names in it; None (with its problems noted) if it cannot work."""
        if value is None and bare:
            return None
        try:
            template = (compile_condition if bare else compile_value)(value, pointer, node=node)
        except Invalid as error:
            self._problems += error.problems
            return None
        self._count += len(template.expressions)
        for expression in template.expressions:
            for problem in self._name_faults(expression.parsed, known, inside or set(), settings=inside is not None):
                self._problems.append(
                    Problem(expression.pointer, f"{{{{ {expression.source.strip()[:80]} }}}} {problem}")
                )
        return template

    def _name_faults(self, parsed: Any, known: frozenset[str] | None, inside: set[str], *, settings: bool) -> list[str]:
        faults = []
        for name in sorted(parsed.nodes):
            if name not in self._positions:
                faults.append(f"names the node {name!r}, which does not exist")
            elif known is not None and name not in known:
                faults.append(f"reads the node {name!r}, which does not have to finish before; add it to needs")
        faults += [
            f"uses {name!r}, which only the settings of a node with for_each have"
            for name in ("item", "index")
            if name in parsed.names and name not in inside
        ]
        if parsed.connections and not settings:
            faults.append("uses a connection, which only the settings of an action can")
        return faults

    def _fault(self, message: str, *steps: str | int) -> None:
        self._problems.append(Problem(pointer_of(*steps), message))
