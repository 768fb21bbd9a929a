"""Small workflows worked out before they are accepted, so that one commit keeps request, execution and journal.

Only nodes that compute values from the trigger (`transform`) take part: they have no effects, so that it does not
matter if what came out is thrown away because the request turns out to be a duplicate. Whatever is not plain sailing
(a node that fails, work that takes long) is left to a `Run`, which does it over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hub.errors import ExpressionError
from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord, Finished, NewExecution, NodeRecord
from hub.workflows.definition.workflow import CompiledNode, Workflow
from hub.workflows.expressions.scope import NodeView, Scope

__all__ = ["Instant", "record"]

_LONGEST = 0.003
"""Seconds of work that are too many, since nothing else moves meanwhile."""

_TIMES = 3
"""So often in a row, and a version is left to runs from then on; once may have been the machine."""

_REMEMBERED = 1024


class Instant:
    """Works out executions in no time, and remembers which versions take longer."""

    __slots__ = ("_slow",)

    def __init__(self) -> None:
        self._slow: dict[tuple[Id, int], int] = {}

    def finished(
        self, key: tuple[Id, int], workflow: Workflow, trigger: Mapping[str, Any], now: int
    ) -> Finished | None:
        """How an execution of `workflow` ends; None where a run has to find out.

        Args:
            key: Workflow and version.
            workflow: The compiled version.
            trigger: What started it.
            now: Microseconds UTC.
        """
        if not workflow.instant or self._slow.get(key, 0) >= _TIMES:
            return None
        began = time.perf_counter()
        try:
            result, nodes = _work_out(workflow, trigger, now)
        except ExpressionError:
            return None
        if time.perf_counter() - began > _LONGEST:
            if len(self._slow) >= _REMEMBERED:
                self._slow.clear()
            self._slow[key] = self._slow.get(key, 0) + 1
        elif self._slow:
            self._slow.pop(key, None)
        return Finished(result, now, nodes)


def record(execution: NewExecution, finished: Finished) -> ExecutionRecord:
    """An execution that was accepted with its end, as those who wait for it see it."""
    return ExecutionRecord(
        org=execution.org,
        id=execution.id,
        workflow=execution.workflow,
        version=execution.version,
        kind=execution.kind,
        state="succeeded",
        trigger=execution.trigger,
        created=execution.created,
        source=execution.source,
        request=execution.request,
        event=execution.event,
        replay_of=execution.replay_of,
        priority=execution.priority,
        result=finished.result,
        started=execution.created,
        finished=finished.at,
    )


def _work_out(workflow: Workflow, trigger: Mapping[str, Any], now: int) -> tuple[Any, tuple[NodeRecord, ...]]:
    """Result and journal, by the rules of `hub.workflows.plan.planner`. Raises `ExpressionError`."""
    records: list[NodeRecord] = []
    views: dict[str, NodeView] = {}
    left = list(workflow.nodes.values())
    result = None
    while left:
        runs = []
        later = []
        for node in left:
            if not views.keys() >= set(node.needs):
                later.append(node)
                continue
            scope = _scope(node, trigger, views)
            if _skipped(node, views, scope):
                records.append(NodeRecord(node.id, "skipped", attempts=0, started=now, finished=now))
                views[node.id] = NodeView("skipped")
            else:
                runs.append((node, scope))
        for node, scope in runs:
            rendered = node.input(scope)
            result = rendered["value"]
            records.append(NodeRecord(node.id, "succeeded", input=rendered, output=result, started=now, finished=now))
            views[node.id] = NodeView("succeeded", result)
        left = later
    if workflow.result is not None:
        result = workflow.result.render(Scope.of(trigger, views))
    return result, tuple(records)


def _scope(node: CompiledNode, trigger: Mapping[str, Any], views: Mapping[str, NodeView]) -> Scope:
    return Scope.of(trigger, {name: views[name] for name in node.ancestors})


def _skipped(node: CompiledNode, views: Mapping[str, NodeView], scope: Scope) -> bool:
    if node.needs and all(views[need].state == "skipped" for need in node.needs):
        return True
    return not node.condition(scope)
