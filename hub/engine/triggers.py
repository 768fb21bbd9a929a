"""Which published workflows an event starts: their triggers and filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.model.ids import Id
from hub.model.source import SourceRecord
from hub.model.workflow import WorkflowVersion
from hub.plugins.action import Action
from hub.ports.store.snapshot import Snapshot
from hub.ports.triggers import Selected
from hub.workflows.compiled import Workflow, compile_workflow
from hub.workflows.scope import Scope

__all__ = ["SourceName", "WorkflowTriggers"]

SourceName = Callable[[Snapshot, str], Id | None]
"""Snapshot and the id written in a trigger (`src_…`, UUID, VibeIQ's short id) -> the source, None if there is none."""

_SHARED = "webhookId:"


class WorkflowTriggers:
    """Implements `hub.ports.triggers.Triggers` on compiled workflows.

    Args:
        actions: Gives the actions there are now.
        source_named: Reads the id of a source in a trigger.
    """

    def __init__(self, actions: Callable[[], Mapping[str, Action]], source_named: SourceName) -> None:
        self._actions = actions
        self._source_named = source_named

    def select(
        self, snapshot: Snapshot, source: SourceRecord, trigger: Mapping[str, Any], *, control: bool
    ) -> Sequence[Selected]:
        """As the port says: the source's own workflow first, then the ones that list the source."""
        selected = []
        scope: Scope | None = None
        for version in self._candidates(snapshot, source):
            workflow = self._compiled(snapshot, version)
            if workflow.has_filters or control or workflow.serial_key_template is not None:
                scope = scope or Scope.of(trigger, {})
            if not self._starts(snapshot, workflow, source, trigger, scope, control=control):
                continue
            selected.append(_selected(version.workflow, version.number, workflow, scope))
        return selected

    def draft(self, snapshot: Snapshot, workflow: Id, trigger: Mapping[str, Any]) -> Selected:
        """As the port says: the draft as it stands, carried along with the execution."""
        definition = dict(snapshot.workflows[workflow].draft)
        compiled = compile_workflow(definition, self._actions())
        selected = _selected(workflow, 0, compiled, Scope.of(trigger, {}))
        return Selected(
            selected.workflow, 0, selected.responds, selected.serial_key, selected.concurrency, definition
        )

    def _starts(
        self,
        snapshot: Snapshot,
        workflow: Workflow,
        source: SourceRecord,
        trigger: Mapping[str, Any],
        scope: Scope | None,
        *,
        control: bool,
    ) -> bool:
        if not workflow.has_filters:
            return not control
        return workflow.matches(
            trigger["type"],
            control,
            lambda name: self._source_named(snapshot, name) == source.id,
            scope or Scope.of(trigger, {}),
        )

    def _candidates(self, snapshot: Snapshot, source: SourceRecord) -> Sequence[WorkflowVersion]:
        index: dict[Id, list[WorkflowVersion]] | None = snapshot.cache.get("workflows by source")
        if index is None:
            index = snapshot.cache["workflows by source"] = self._index(snapshot)
        return index.get(source.id, ())

    def _index(self, snapshot: Snapshot) -> dict[Id, list[WorkflowVersion]]:
        index: dict[Id, list[WorkflowVersion]] = {}
        for version in snapshot.published.values():
            record = snapshot.workflows[version.workflow]
            sources = [record.source]
            for trigger in version.definition.get("triggers") or ():
                name = trigger.removeprefix(_SHARED) if isinstance(trigger, str) else trigger.get("source")
                found = self._source_named(snapshot, name) if name else None
                if found is not None and found not in sources and snapshot.sources[found].org == record.org:
                    sources.append(found)
            for found in sources:
                index.setdefault(found, []).append(version)
        return index

    def _compiled(self, snapshot: Snapshot, version: WorkflowVersion) -> Workflow:
        key = ("compiled", version.workflow)
        workflow: Workflow | None = snapshot.cache.get(key)
        if workflow is None:
            workflow = snapshot.cache[key] = compile_workflow(version.definition, self._actions())
        return workflow


def _selected(workflow_id: Id, number: int, workflow: Workflow, scope: Scope | None) -> Selected:
    serial_key = workflow.serial_key(scope) if scope is not None else None
    return Selected(workflow_id, number, workflow.responds, serial_key, workflow.concurrency)


