"""What a rule of the contract is."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["BrokenRule", "Level", "Rule"]

Level = Literal["bronze", "silver", "gold"]
"""bronze: safe to install. silver: its events can be relied on. gold: everything is described, with examples."""


class BrokenRule(AssertionError):
    """A rule is not kept; the message says what happened and what to do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the contract.

    Attributes:
        name: Short name, which the tests of the contract use.
        promise: The rule, as a sentence.
        check: Raises `BrokenRule`, or returns remarks.
    """

    name: str
    level: Level
    promise: str
    check: Callable[[VendorUnderTest], Coroutine[Any, Any, Sequence[str]]]
