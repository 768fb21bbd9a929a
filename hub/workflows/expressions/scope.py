"""The names that expressions see: the event, the outputs of nodes, the item of a `for_each`.

`NewExecution.trigger`, kept with each execution, is a JSON object::

    {"data": <the event's data>, "body": <the parsed body, if it is not the data>,
     "headers": {lower-case name: value}, "query": {name: value or list of values},
     "type": "...", "id": "...", "time": "...", "account": "...",
     "source": "src_...", "request": "req_...", "event": "evt_...", "variables": {name: value},
     "files": [{"field": "...", "filename": "...", "media_type": "...", "size": ..., "ref": "file_..."}]}

Every key is optional. Neither `Scope` nor the engine changes the trigger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["RESERVED", "Item", "NodeView", "Scope"]

RESERVED = frozenset({"TRIGGER", "trigger", "event", "nodes", "connections", "item", "index", "range"})
"""Names that a source's variables cannot have."""

_TRIGGER_FIELDS = ("data", "query", "type", "id", "time", "account", "source", "request", "event")


@dataclass(frozen=True, slots=True)
class NodeView:
    """A finished node as expressions see it in `nodes.<id>`: `.state`, `.output` and `.error`.

    The output of a skipped or failed node is null; that of a `for_each` node is the list of its items' outputs.
    """

    state: str
    output: Any = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One element of a `for_each`: `item` and `index` (from 0)."""

    index: int
    value: Any


class Headers(dict[str, Any]):
    """Header values by lower-case name, found in any case."""

    __slots__ = ()

    def __missing__(self, key: str) -> Any:
        lower = key.lower() if isinstance(key, str) else key
        if lower in self:
            return self[lower]
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Scope:
    """The names at one point of an execution."""

    names: dict[str, Any]

    @classmethod
    def of(cls, trigger: Mapping[str, Any], nodes: Mapping[str, NodeView], item: Item | None = None) -> Scope:
        """The scope for one node (or condition, item, result).

        Args:
            trigger: The execution's trigger, see above.
            nodes: Finished nodes by id, at least those that the node needs.
            item: The current item of a `for_each`.
        """
        data = trigger.get("data")
        headers = Headers(trigger.get("headers") or {})
        seen = {name: trigger.get(name) for name in _TRIGGER_FIELDS}
        seen["headers"] = headers
        seen["query"] = seen["query"] or {}
        seen["files"] = trigger.get("files") or []
        names = {name: value for name, value in (trigger.get("variables") or {}).items() if name not in RESERVED}
        names["TRIGGER"] = data
        names["trigger"] = seen
        names["event"] = {"body": trigger.get("body", data), "headers": headers}
        names["nodes"] = _as_named(nodes)
        scope = cls(names)
        return scope.within(item) if item is not None else scope

    def seeing(self, nodes: Mapping[str, NodeView]) -> Scope:
        """The same scope with other finished nodes: for the next node of an execution, cheaper than `of`."""
        return Scope({**self.names, "nodes": _as_named(nodes)})

    def within(self, item: Item) -> Scope:
        """The same scope with an item of a `for_each`."""
        return Scope({**self.names, "item": item.value, "index": item.index})


def _as_named(nodes: Mapping[str, NodeView]) -> dict[str, dict[str, Any]]:
    return {key: {"state": node.state, "output": node.output, "error": node.error} for key, node in nodes.items()}
