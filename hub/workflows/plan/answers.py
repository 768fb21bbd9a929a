"""The answer of an execution to the sender that waits: that of its first `respond` node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.model.stored.execution import NodeRecord
from hub.workflows.definition.workflow import Workflow

__all__ = ["RESPOND", "can_still_answer", "first_answer"]

RESPOND = "respond"
"""Name of the action that answers the waiting sender."""

_ENDED = frozenset({"succeeded", "skipped", "failed", "cancelled"})


def first_answer(workflow: Workflow, journal: Iterable[NodeRecord]) -> Any:
    """The output of the `respond` node that succeeded first, None without one.

    Of several that finished at the same time, the first one in topological order counts.
    """
    position = {name: index for index, name in enumerate(_responders(workflow))}
    answers = [record for record in journal if record.node in position and record.state == "succeeded"]
    first = min(answers, key=lambda one: (one.finished or 0, position[one.node], one.item), default=None)
    return None if first is None else first.output


def can_still_answer(workflow: Workflow, journal: Iterable[NodeRecord]) -> bool:
    """Whether a `respond` node has not ended yet."""
    ended = {record.node for record in journal if record.item < 0 and record.state in _ENDED}
    return not ended.issuperset(_responders(workflow))


def _responders(workflow: Workflow) -> list[str]:
    return [node.id for node in workflow.nodes.values() if node.action.name == RESPOND]
