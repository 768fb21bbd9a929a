"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hub.testing.subject import Subject

__all__ = ["Broken", "Level", "Rule"]

Level = Literal["bronze", "silver", "gold"]
"""bronze: safe to install. silver: its events can be relied on. gold: everything is described and shown."""


class Broken(AssertionError):
    """A rule is not kept; the message says what happened and what to do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the contract.

    Attributes:
        name: Short name, as the contract's test is named.
        promise: What holds, in a sentence.
        check: Raises `Broken`; gives remarks, which break nothing.
    """

    name: str
    level: Level
    promise: str
    check: Callable[[Subject], Coroutine[Any, Any, Sequence[str]]]
