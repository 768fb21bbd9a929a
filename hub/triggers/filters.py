"""Selects the published workflows that an event starts, by their triggers and filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from hub.errors import HubError, described
from hub.model.ids import Id, write_id
from hub.model.stored.source import SourceRecord
from hub.model.stored.workflow import WorkflowVersion
from hub.ports.store.snapshot import Snapshot
from hub.ports.triggers import Selected, Selection
from hub.sdk.action import Action
from hub.workflows.definition.compiled import Workflow, compile_workflow
from hub.workflows.expressions.scope import Scope

__all__ = ["SourceName", "WorkflowTriggers"]

SourceName = Callable[[Snapshot, str], Id | None]
"""Snapshot and the id written in a trigger (`src_…`, UUID, VibeIQ's short id) -> the source; None without one."""

_SHARED = "webhookId:"

_log = structlog.get_logger("hub.triggers")


class WorkflowTriggers:
    """Implements `hub.ports.triggers.Triggers` on compiled workflows.

    Args:
        actions: Returns the actions that exist now.
        source_named: Finds the source that a trigger names.
    """

    def __init__(self, actions: Callable[[], Mapping[str, Action]], source_named: SourceName) -> None:
        self._actions = actions
        self._source_named = source_named

    def select(
        self, snapshot: Snapshot, source: SourceRecord, trigger: Mapping[str, Any], *, control: bool
    ) -> Selection:
        """See `hub.ports.triggers.Triggers.select`."""
        started: list[Selected] = []
        faults: list[str] = []
        scope: Scope | None = None
        for version in snapshot.derived(self._by_source).get(source.id, ()):
            try:
                workflow = snapshot.derived(self._compiled, version.workflow)
                if workflow.filters or workflow.keyed or control:
                    scope = scope or Scope.of(trigger, {})
                    name = self._as_written(snapshot, workflow, source)
                    if not workflow.matches(trigger["type"], control, name, scope):
                        continue
                started.append(_selected(version.workflow, version.number, workflow, scope))
            except Exception as error:  # noqa: BLE001 - logged, and told beside the event
                faults.append(self._fault(version.workflow, trigger, error))
        return Selection(tuple(started), tuple(faults))

    @staticmethod
    def _fault(workflow: Id, trigger: Mapping[str, Any], error: Exception) -> str:
        name = write_id("wf", workflow)
        unforeseen = None if isinstance(error, HubError) else error
        said = str(error) if unforeseen is None else described(error)
        event = trigger.get("event")
        _log.warning("workflow_not_started", workflow=name, event_id=event, error=said, exc_info=unforeseen)
        return f"workflow {name} was not started: {said}"

    def draft(self, snapshot: Snapshot, workflow: Id, trigger: Mapping[str, Any]) -> Selected:
        """See `hub.ports.triggers.Triggers.draft`."""
        definition = dict(snapshot.workflows[workflow].draft)
        compiled = compile_workflow(definition, self._actions())
        return replace(_selected(workflow, 0, compiled, Scope.of(trigger, {})), definition=definition)

    def _as_written(self, snapshot: Snapshot, workflow: Workflow, source: SourceRecord) -> str:
        """The source's id as the workflow's triggers write it."""
        named = (name for name in workflow.sources if self._source_named(snapshot, name) == source.id)
        return next(named, write_id("src", source.id))

    def _by_source(self, snapshot: Snapshot) -> Mapping[Id, Sequence[WorkflowVersion]]:
        """The published workflows that each source triggers: its own first, then those that list it."""
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
        for source, versions in index.items():
            # The order of `published` changes with each publication; the order of the answers to a sender must not.
            versions.sort(key=lambda version: (snapshot.workflows[version.workflow].source != source, version.workflow))
        return index

    def _compiled(self, snapshot: Snapshot, workflow: Id) -> Workflow:
        return compile_workflow(snapshot.published[workflow].definition, self._actions())


def _selected(workflow_id: Id, number: int, workflow: Workflow, scope: Scope | None) -> Selected:
    serial_key = workflow.serial_key(scope) if scope is not None else None
    return Selected(workflow_id, number, workflow.responds, serial_key, workflow.concurrency)
