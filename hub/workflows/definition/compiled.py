"""Compiles definitions: orders the graph, parses every expression, checks every constant setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import Invalid, Problem
from hub.model.pointers import pointer_of
from hub.sdk.action import Action
from hub.workflows.definition.graph import ancestors, cycle_in, in_order
from hub.workflows.definition.inputs import check_input, unknown_action
from hub.workflows.definition.names import foreign_names, impossible_path
from hub.workflows.definition.parsed import Definition, EventFilter, Node, parse
from hub.workflows.definition.workflow import CompiledNode, Trigger, Workflow
from hub.workflows.expressions.expression import Expression
from hub.workflows.expressions.syntax import ParsedExpression
from hub.workflows.expressions.templates import ValueTemplate, compile_condition, compile_value
from hub.workflows.limits import MAX_EXPRESSIONS

__all__ = ["CompiledNode", "Trigger", "Workflow", "compile_workflow"]

_KEEPS_NO_SECRETS = frozenset({"publish", "workflow.run", "sleep", "respond"})
"""These actions, like pure ones, copy their settings into outputs, events and answers, so no connection may be used."""


def compile_workflow(definition: Mapping[str, Any] | Definition, actions: Mapping[str, Action]) -> Workflow:
    """Check a definition and make it ready to run.

    Args:
        definition: A JSON object, or the result of `parse`.
        actions: All actions by name, the core's and the plugins'.

    Raises:
        Invalid: The definition can never work; one problem per fault, each with its JSON pointer.
    """
    found = definition if isinstance(definition, Definition) else parse(definition)
    return _Compiler(found, actions).workflow()


@dataclass(frozen=True, slots=True)
class _Visible:
    """The names that the expressions of a field may use.

    Attributes:
        nodes: Ids of the nodes that have finished by then.
        items: Whether `item` and `index` may be used.
        connections: Whether connections may be used.
    """

    nodes: frozenset[str]
    items: bool = False
    connections: bool = False


class _Compiler:
    """Collects all faults of a definition before it raises."""

    def __init__(self, definition: Definition, actions: Mapping[str, Action]) -> None:
        self._definition = definition
        self._actions = actions
        self._problems: list[Problem] = []
        self._expressions: list[Expression] = []
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
        if len(self._expressions) > MAX_EXPRESSIONS:
            self._problems.append(
                Problem("", f"has {len(self._expressions)} expressions; at most {MAX_EXPRESSIONS} are allowed")
            )
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
            serial_key_template=serial,
            expressions=tuple(self._expressions),
        )

    def _check_graph(self) -> None:
        seen: set[str] = set()
        for index, node in enumerate(self._definition.nodes):
            if node.id in seen:
                first = self._positions[node.id]
                self._fault(f"/nodes/{first} already has the id {node.id!r}", "nodes", index, "id")
            seen.add(node.id)
            for position, need in enumerate(node.needs):
                if need not in self._positions:
                    known = ", ".join(self._positions)
                    self._fault(f"there is no node {need!r}; available: {known}", "nodes", index, "needs", position)
        if loop := cycle_in({node.id: node.needs for node in self._definition.nodes}):
            index = self._positions[loop[0]]
            self._fault(f"nodes need each other in a cycle: {' -> '.join(loop)}", "nodes", index, "needs")

    def _node(self, index: int, node: Node, above: frozenset[str]) -> CompiledNode | None:
        place = pointer_of("nodes", index)
        action = self._actions.get(node.action)
        if action is None:
            self._fault(unknown_action(node.action, self._actions), "nodes", index, "action")
        secrets = action is None or not (action.pure or action.name in _KEEPS_NO_SECRETS)
        seen = _Visible(above, items=node.for_each is not None, connections=secrets)
        template = self._template(node.with_, f"{place}/with", node=node.id, seen=seen)
        condition = self._template(node.if_, f"{place}/if", node=node.id, seen=_Visible(above), bare=True)
        items = None
        if node.for_each is not None:
            items = self._template(
                node.for_each.items, f"{place}/for_each", node=node.id, seen=_Visible(above), bare=True
            )
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
        condition = self._template(found.if_, f"/triggers/{index}/if", seen=_Visible(frozenset()), bare=True)
        return Trigger(found.source, found.types, condition)

    def _template(
        self, value: Any, pointer: str, *, node: str | None = None, seen: _Visible | None = None, bare: bool = False
    ) -> ValueTemplate | None:
        """Compile a field and check the names in it; None if it cannot work (the problems are collected)."""
        if value is None and bare:
            return None
        try:
            template = (compile_condition if bare else compile_value)(value, pointer, node=node)
        except Invalid as error:
            self._problems += error.problems
            return None
        self._expressions += template.expressions
        for expression in template.expressions:
            for fault in self._name_faults(expression.parsed, seen or _Visible(frozenset(self._positions))):
                message = f"{{{{ {expression.source.strip()[:80]} }}}} {fault}"
                self._problems.append(Problem(expression.pointer, message))
        return template

    def _name_faults(self, parsed: ParsedExpression, seen: _Visible) -> Iterator[str]:
        for name in sorted(parsed.nodes - seen.nodes):
            if name in self._positions:
                yield f"reads the node {name!r}, which may not have finished by then; add it to needs"
            else:
                yield f"names the node {name!r}, which does not exist"
        if not seen.items:
            for name in sorted(parsed.names & {"item", "index"}):
                yield f"uses {name!r}, which exists only in the settings of a node with for_each"
        yield from foreign_names(parsed)
        yield from impossible_path(parsed)
        if parsed.connections and not seen.connections:
            yield "uses a connection, which is allowed only in the settings of actions that call other systems"

    def _fault(self, message: str, *steps: str | int) -> None:
        self._problems.append(Problem(pointer_of(*steps), message))
