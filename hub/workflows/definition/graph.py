"""The graph of `needs`: order, ancestors, cycles. A need that does not name a node is ignored."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

__all__ = ["Needs", "ancestors", "cycle_in", "in_order"]

Needs = Mapping[str, Sequence[str]]
"""Node id -> ids that it needs."""


def in_order(needs: Needs) -> tuple[str, ...]:
    """Every id after those that it needs, otherwise in the order given; ids on a cycle are left out."""
    position = {name: index for index, name in enumerate(needs)}
    names = list(needs)
    open_needs = {name: {need for need in needs[name] if need in position} for name in names}
    users: dict[str, list[str]] = {name: [] for name in names}
    for name, wanted in open_needs.items():
        for need in wanted:
            users[need].append(name)
    ready = [position[name] for name in names if not open_needs[name]]
    order = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for user in users[name]:
            open_needs[user].discard(name)
            if not open_needs[user]:
                heapq.heappush(ready, position[user])
    return tuple(order)


def ancestors(needs: Needs) -> dict[str, frozenset[str]]:
    """For each id all ids that it needs, directly or not; of an id on a cycle only the direct ones."""
    found: dict[str, frozenset[str]] = {}
    for name in in_order(needs):
        direct = [need for need in needs[name] if need in needs]
        found[name] = frozenset(direct).union(*(found[need] for need in direct))
    for name in needs:
        found.setdefault(name, frozenset(need for need in needs[name] if need in needs))
    return found


def cycle_in(needs: Needs) -> tuple[str, ...]:
    """One cycle, its first id repeated at the end; empty if the graph has no cycle."""
    sorted_out = set(in_order(needs))
    start = next((name for name in needs if name not in sorted_out), None)
    if start is None:
        return ()
    trail: dict[str, int] = {}
    name = start
    while name not in trail:
        trail[name] = len(trail)
        name = next(need for need in needs[name] if need in needs and need not in sorted_out)
    walked = list(trail)[trail[name] :]
    return (*walked, name)
