"""Sources and workflows: what operators set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SourceChange, SourceRecord, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowChange, WorkflowRecord, WorkflowVersion
from hub.ports.store.page import Page

__all__ = ["Sources", "Workflows"]


class Sources(Protocol):
    """Inbound hub URLs.

    Each write but `touch_secret` raises the generation of the source, and that of the workflow which owns it, and
    renews the snapshot before it returns.
    """

    async def create(
        self, org: Id, spec: SourceSpec, secrets: Sequence[StoredSecret], *, by: Id | None = None
    ) -> SourceRecord:
        """A shared source (a workflow's own source is made with the workflow).

        Raises:
            Conflict: An alias of the spec belongs to another source, of whatever org.
        """
        ...

    async def change(self, org: Id, source: Id, change: SourceChange, *, generation: int | None = None) -> SourceRecord:
        """Change spec and secrets in one commit: after a crash all of `change` is there, or nothing of it.

        Args:
            org: Whose source it is.
            source: Its id.
            change: What changes.
            generation: That of the record from which `change` was made; None changes whatever is there.

        Raises:
            NotFound: There is no such source, or no secret that `change.secrets.remove` names.
            PreconditionFailed: The source's generation is another one by now.
            Conflict: An alias of the spec belongs to another source, of whatever org.
        """
        ...

    async def delete(self, org: Id, source: Id, *, generation: int | None = None) -> None:
        """Delete a shared source.

        Raises:
            NotFound: There is no such source.
            PreconditionFailed: `generation` is given and the source has another one.
            Conflict: It is a workflow's own source, which goes with the workflow.
        """
        ...

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SourceRecord]:
        """Shared and own sources of the org."""
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
        """A workflow with its own source, published as version 1 unless told otherwise; one transaction.

        Raises:
            Conflict: An alias of the source belongs to another source, of whatever org.
        """
        ...

    async def change(
        self,
        org: Id,
        workflow: Id,
        change: WorkflowChange,
        *,
        generation: int | None = None,
        by: Id | None = None,
    ) -> WorkflowRecord:
        """Change draft, source and publication in one commit: after a crash all of `change` is there, or nothing.

        Publishing makes the draft the next version. A draft equal to the latest version gives no new one: that version
        is the published one then. While nothing is published, requests find no definition.

        Args:
            org: Whose workflow it is.
            workflow: Its id.
            change: What changes.
            generation: That of the record from which `change` was made; None changes whatever is there.
            by: The key of whoever publishes, kept with the version.

        Raises:
            NotFound: There is no such workflow, or no secret that the change of the source removes.
            PreconditionFailed: The workflow's generation is another one by now.
            Conflict: An alias of the source belongs to another source, of whatever org.
        """
        ...

    async def delete(self, org: Id, workflow: Id, *, generation: int | None = None) -> None:
        """Delete a workflow with its source and versions; executions stay readable, open ones are cancelled.

        Raises:
            NotFound: There is no such workflow.
            PreconditionFailed: `generation` is given and the workflow has another one.
        """
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
