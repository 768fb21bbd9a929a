"""What changed between two versions of a definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.model.pointers import pointer_of

__all__ = ["Change", "diff"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        kind: What happened to the value.
        pointer: Its JSON pointer, in which nodes are named by their id: `/nodes/fetch/with/url`.
        before: The old value, None if the value was added.
        after: The new value, None if the value was removed.
    """

    kind: Literal["added", "removed", "changed", "moved"]
    pointer: str
    before: Any = None
    after: Any = None


def diff(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """The differences between two definitions (JSON objects), in the order of the new one, removals last.

    Nodes are compared by id. A node that has only changed its place in the list is `moved`; this affects nothing but
    the order in which nodes start that can run at the same time.
    """
    return tuple(_objects("", _by_id(old), _by_id(new)))


def _by_id(definition: Mapping[str, Any]) -> dict[str, Any]:
    nodes = definition.get("nodes")
    if not isinstance(nodes, list | tuple) or not all(isinstance(node, Mapping) and "id" in node for node in nodes):
        return dict(definition)
    named = {str(node["id"]): dict(node) for node in nodes}
    return {**definition, "nodes": named} if len(named) == len(nodes) else dict(definition)


def _objects(pointer: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if pointer == "/nodes":
        yield from _moved(old, new)
    for key, value in new.items():
        place = pointer + pointer_of(key)
        if key not in old:
            yield Change("added", place, after=value)
        elif isinstance(value, Mapping) and isinstance(before := old[key], Mapping):
            yield from _objects(place, before, value)
        elif not _same(old[key], value):
            yield Change("changed", place, old[key], value)
    yield from (Change("removed", pointer + pointer_of(key), before=old[key]) for key in old if key not in new)


def _moved(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """The nodes of both versions whose order among each other has changed."""
    before = [name for name in old if name in new]
    after = [name for name in new if name in old]
    for name in after:
        if before.index(name) != after.index(name):
            yield Change("moved", pointer_of("nodes", name), before.index(name), after.index(name))


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values: true is not 1."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)
