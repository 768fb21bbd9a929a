"""Sources and workflows: what operators set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SourceRecord, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowRecord, WorkflowVersion
from hub.ports.store.page import Page

__all__ = ["Sources", "Workflows"]


class Sources(Protocol):
    """Inbound hub URLs. Each write raises the source's generation and renews the snapshot before it returns."""

    async def create(
        self, org: Id, spec: SourceSpec, secrets: Sequence[StoredSecret], *, by: Id | None = None
    ) -> SourceRecord:
        """A shared source (a workflow's own source is made with the workflow)."""
        ...

    async def update(
        self,
        org: Id,
        source: Id,
        spec: SourceSpec,
        *,
        generation: int | None = None,
        slots: Mapping[str, Sequence[StoredSecret]] | None = None,
    ) -> SourceRecord:
        """Replace the spec and, with it, all secrets of the `slots` given (an empty sequence clears one).

        Raises `NotFound`; `Conflict` (412) when `generation` is given and old.
        """
        ...

    async def delete(self, org: Id, source: Id) -> None:
        """Delete a shared source. Raises `NotFound`; `Conflict` for a workflow's own source."""
        ...

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SourceRecord]:
        """Shared and own sources of the org."""
        ...

    async def add_secret(self, org: Id, source: Id, secret: StoredSecret, *, overlap: int | None = None) -> None:
        """Add a secret. `overlap` (microseconds): older ones of the same slot and label expire after it; 0: at once."""
        ...

    async def put_secrets(self, org: Id, source: Id, slot: str, secrets: Sequence[StoredSecret]) -> None:
        """Replace all secrets of a slot; an empty sequence clears it."""
        ...

    async def delete_secret(self, org: Id, source: Id, secret: Id) -> None:
        """Raises `NotFound`."""
        ...

    async def touch_secret(self, org: Id, source: Id, secret: Id, at: int) -> None:
        """Note the last use, with the lowest priority; never raises the generation."""
        ...

    async def keep(self, org: Id, source: Id, keep: Sequence[KeptSecret]) -> None:
        """Store the secrets of a challenge's reply: fills empty slots, never replaces (unless `replace`)."""
        ...

    async def last_uses(self, org: Id, source: Id) -> Mapping[Id, int]:
        """When each secret last matched, microseconds UTC."""
        ...


class Workflows(Protocol):
    """Workflows with drafts and immutable versions."""

    async def create(
        self,
        org: Id,
        name: str,
        definition: Mapping[str, Any],
        *,
        source: SourceSpec,
        secrets: Sequence[StoredSecret],
        publish: bool,
        by: Id | None = None,
    ) -> WorkflowRecord:
        """A workflow with its own source, published as version 1 unless told otherwise; one transaction."""
        ...

    async def save_draft(
        self, org: Id, workflow: Id, name: str, definition: Mapping[str, Any], *, generation: int | None = None
    ) -> WorkflowRecord:
        """Replace the draft. Raises `NotFound`, `Conflict` (412)."""
        ...

    async def publish(self, org: Id, workflow: Id, *, by: Id | None = None) -> WorkflowRecord:
        """Make the draft the next version. Publishing an unchanged draft returns the current version."""
        ...

    async def unpublish(self, org: Id, workflow: Id) -> WorkflowRecord:
        """Requests find no definition until it is published again."""
        ...

    async def delete(self, org: Id, workflow: Id) -> None:
        """With its source and versions; executions stay readable. Raises `NotFound`."""
        ...

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[WorkflowRecord]:
        """Workflows of the org."""
        ...

    async def version(self, org: Id, workflow: Id, number: int) -> WorkflowVersion:
        """Raises `NotFound`."""
        ...

    async def versions(self, org: Id, workflow: Id) -> tuple[WorkflowVersion, ...]:
        """Newest first. Raises `NotFound`."""
        ...
