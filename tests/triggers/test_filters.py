"""Which workflows a source triggers, and in which order."""

from __future__ import annotations

from typing import Any

from hub.inbound.source_lookup import source_named
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.source import SourceRecord, SourceSpec
from hub.model.stored.workflow import WorkflowRecord, WorkflowVersion
from hub.ports.store.snapshot import Snapshot
from hub.triggers.filters import WorkflowTriggers
from hub.workflows.actions import CORE_ACTIONS

ORG = b"o" * 16
NODES = [{"id": "a", "action": "transform", "with": {"value": 1}}]


def published(*definitions: dict[str, Any]) -> tuple[Snapshot, list[Id]]:
    """A snapshot with workflows whose ids grow; their own sources have the same ids."""
    ids = [new_id() for _ in definitions]
    return Snapshot(
        sources={one: SourceRecord(ORG, one, one, SourceSpec(), (), 1, 0, 0) for one in ids},
        workflows={one: WorkflowRecord(ORG, one, "w", {}, 1, 1, one, 1, 0, 0) for one in ids},
        published={
            one: WorkflowVersion(ORG, one, 1, {"nodes": NODES, **fields}, 0)
            for one, fields in zip(ids, definitions, strict=True)
        },
    ), ids


def test_the_own_workflow_comes_first_whatever_was_published_last() -> None:
    trigger = {"type": "webhook", "data": {}}
    triggers = WorkflowTriggers(lambda: CORE_ACTIONS, source_named)
    snapshot, (own, one, two) = published({}, {}, {})
    listing = {"nodes": NODES, "triggers": [f"webhookId:{write_id('src', own)}"]}
    versions = {key: WorkflowVersion(ORG, key, 1, listing, 0) for key in (two, one)}
    versions[own] = snapshot.published[own]
    moved = Snapshot(sources=snapshot.sources, workflows=snapshot.workflows, published=versions)

    selected = triggers.select(moved, moved.sources[own], trigger, control=False).started

    assert [each.workflow for each in selected] == [own, one, two]
