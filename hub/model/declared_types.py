"""Which declared types an event is judged by."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model.wire.event_type import Direction, EventType

__all__ = ["FAMILY", "declared_types"]

FAMILY = ".*"
"""The end of a name that stands for every name with its beginning: `repository_dispatch.*`."""


def declared_types(types: Iterable[EventType], name: str, direction: Direction) -> tuple[EventType, ...]:
    """The versions of the type of that name, or else of the closest family that holds it; empty where there is neither.

    All come from the vendor that is the first to declare it: `types` are in order of precedence.

    Args:
        types: Declared types.
        name: As the vendor writes it.
        direction: Whether the event comes in or goes out.
    """
    families = _families(name)
    best: list[EventType] = []
    for each in types:
        if each.direction != direction or (each.name != name and each.name not in families):
            continue
        if not best or _closer(each.name, best[0].name, name):
            best = [each]
        elif each.name == best[0].name and each.vendor == best[0].vendor:
            best.append(each)
    return tuple(best)


def _closer(one: str, other: str, name: str) -> bool:
    """Whether `one` says more precisely than `other` what `name` is: the name itself, then the longer family."""
    return other not in (one, name) and (one == name or len(one) > len(other))


def _families(name: str) -> frozenset[str]:
    parts = name.split(".")
    return frozenset(".".join(parts[:count]) + FAMILY for count in range(1, len(parts)))
