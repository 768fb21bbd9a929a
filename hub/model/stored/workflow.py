"""Workflows as stored. `hub.workflows.definition.parsed` says what a definition means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.model.ids import Id
from hub.model.stored.source import SourceChange

__all__ = ["WorkflowChange", "WorkflowRecord", "WorkflowVersion"]


@dataclass(frozen=True, slots=True)
class WorkflowRecord:
    """A workflow: its draft and its published version.

    Attributes:
        draft: The definition as last saved, a JSON object.
        version: Number of the published version, None if there is none.
        latest: The highest version number so far.
        source: The source that it owns.
        generation: Grows with every change of the workflow, of its publication and of the source that it owns.
    """

    org: Id
    id: Id
    name: str
    draft: Mapping[str, Any]
    version: int | None
    latest: int
    source: Id
    generation: int
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class WorkflowVersion:
    """A published version, which never changes. The number 0 is the copy that a draft run has."""

    org: Id
    workflow: Id
    number: int
    definition: Mapping[str, Any]
    created: int
    created_by: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowChange:
    """What one operation of the store changes of a workflow; None leaves a field as it is.

    Attributes:
        draft: The new draft as a whole (a JSON object).
        source: What changes of the source that the workflow owns.
        published: True publishes the draft, with `draft` the new one; False withdraws the published version.
    """

    name: str | None = None
    draft: Mapping[str, Any] | None = None
    source: SourceChange | None = None
    published: bool | None = None
