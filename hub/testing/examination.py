"""All rules together: which level a plugin has reached, and what is missing for the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from hub.errors import described
from hub.testing.rules import RULES, BrokenRule, Level
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["LEVELS", "Examination", "Finding", "examine"]

LEVELS: tuple[Level, ...] = get_args(Level)
"""From the lowest to the highest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one rule.

    Attributes:
        promise: The rule, as a sentence.
        fault: How it is broken; empty if it is kept.
        remarks: Remarks, although it is kept.
    """

    level: Level
    promise: str
    fault: str = ""
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """The findings of all rules."""

    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level | None:
        """The highest level at which, and below which, no rule is broken; None below bronze."""
        reached: Level | None = None
        for level in LEVELS:
            if self.missing(level):
                break
            reached = level
        return reached

    @property
    def next_level(self) -> Level | None:
        """The level after the one reached, None after gold."""
        reached = self.level
        later = LEVELS if reached is None else LEVELS[LEVELS.index(reached) + 1 :]
        return later[0] if later else None

    def missing(self, level: Level) -> tuple[Finding, ...]:
        """The rules of a level that are broken."""
        return tuple(one for one in self.findings if one.level == level and one.fault)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All remarks."""
        return tuple(remark for one in self.findings for remark in one.remarks)


async def examine(subject: VendorUnderTest, more: Iterable[Finding] = ()) -> Examination:
    """Check every rule on a vendor.

    Args:
        subject: The vendor under test.
        more: Findings about its distribution.
    """
    found = []
    for rule in RULES:
        try:
            found.append(Finding(rule.level, rule.promise, remarks=tuple(await rule.check(subject))))
        except BrokenRule as broken:
            found.append(Finding(rule.level, rule.promise, str(broken)))
        except Exception as error:  # noqa: BLE001 - an author's function may raise anything
            found.append(Finding(rule.level, rule.promise, described(error)))
    return Examination((*found, *more))
