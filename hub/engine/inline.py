"""Small workflows evaluated while their request is accepted: one commit then keeps request, execution and journal.

Only workflows of `transform` nodes take part (`Workflow.inline`). They have no effects, so their result can be thrown
away when the request turns out to be a duplicate. What fails or takes long is left to a `Run`, which begins again from
the start. The rules are those of the `Planner`, as in a run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.errors import ExpressionError
from hub.model.ids import Id
from hub.model.stored.execution import Finished, NodeRecord
from hub.workflows.definition.workflow import Workflow
from hub.workflows.plan.planner import Planner

__all__ = ["InlineEvaluator"]

_SLOW_SECONDS = 0.003
"""An evaluation that takes longer is slow: nothing else moves in the process meanwhile."""

_SLOW_IN_A_ROW = 3
"""After so many slow evaluations in a row a version is left to runs; a single one may be the machine's fault."""

_REMEMBERED = 1024


class InlineEvaluator:
    """Evaluates executions at once, and remembers which versions are too slow for that."""

    __slots__ = ("_slow",)

    def __init__(self) -> None:
        self._slow: dict[tuple[Id, int], int] = {}

    def evaluate(
        self, version: tuple[Id, int], workflow: Workflow, trigger: Mapping[str, Any], now: int
    ) -> Finished | None:
        """How an execution of `workflow` ends; None where only a run can say.

        Args:
            version: Workflow and number of the version.
            workflow: The compiled version.
            trigger: What starts the execution.
            now: Microseconds UTC; the time of all journal entries.
        """
        if not workflow.inline or self._slow.get(version, 0) >= _SLOW_IN_A_ROW:
            return None
        began = time.perf_counter()
        try:
            return _evaluate(workflow, trigger, now)
        except ExpressionError:
            return None
        finally:
            self._note(version, slow=time.perf_counter() - began > _SLOW_SECONDS)

    def _note(self, version: tuple[Id, int], *, slow: bool) -> None:
        if slow:
            if len(self._slow) >= _REMEMBERED:
                self._slow.clear()
            self._slow[version] = self._slow.get(version, 0) + 1
        elif self._slow:
            self._slow.pop(version, None)


def _evaluate(workflow: Workflow, trigger: Mapping[str, Any], now: int) -> Finished | None:
    """Follow the plan to the end; None if the execution fails. Raises `ExpressionError`."""
    planner = Planner(workflow, trigger)
    journal: list[NodeRecord] = []
    while True:
        plan = planner.plan()
        if plan.settled:
            journal += (replace(record, started=now, finished=now) for record in plan.settled)
        if plan.outcome is not None:
            return Finished(plan.outcome.result, now, tuple(journal)) if plan.outcome.state == "succeeded" else None
        for step in plan.steps:
            settings = step.node.input(planner.scope(step.node))
            record = NodeRecord(
                step.node.id, "succeeded", input=settings, output=settings["value"], started=now, finished=now
            )
            planner.put(record)
            journal.append(record)
