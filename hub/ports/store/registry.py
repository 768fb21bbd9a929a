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

    Each write but `touch_secret` raises the generation of the source, and that of the workflow which owns it. The
    snapshot shows the change when the call returns, and no process accepts a request on the old generation any more.

    The ids and aliases of a source are its addresses, and those of its workflow. An address that an org was given is
    never given to another one, not even when the source is gone or has dropped the alias: senders may still use it.
    The same org may use it again. An id means the same address in each of its written forms.
    """

    async def create(
        self, org: Id, spec: SourceSpec, secrets: Sequence[StoredSecret], *, by: Id | None = None
    ) -> SourceRecord:
        """Create a shared source (a workflow's own source is created with the workflow).

        Args:
            org: Whose source it is.
            spec: What an operator sets on it.
            secrets: Its secrets.
            by: The API key that creates it.

        Raises:
            Conflict: An alias of the spec is an address of another source, or was once one of another org.
        """
        ...

    async def change(self, org: Id, source: Id, change: SourceChange, *, generation: int | None = None) -> SourceRecord:
        """Change spec and secrets of a source in one commit: after a crash all of `change` is there, or nothing of it.

        Args:
            org: Whose source it is.
            source: Its id.
            change: What changes.
            generation: That of the record from which `change` was made; None changes whatever is there.

        Raises:
            NotFound: There is no such source, or no secret that `change.secrets.remove` names.
            PreconditionFailed: The source's generation is another one by now.
            Conflict: An alias of the spec is an address of another source, or was once one of another org.
        """
        ...

    async def delete(self, org: Id, source: Id, *, generation: int | None = None) -> None:
        """Delete a shared source with its secrets; its requests and events stay.

        Raises:
            NotFound: There is no such source.
            PreconditionFailed: `generation` is given and the source has another one.
            Conflict: It is a workflow's own source, which goes with the workflow.
        """
        ...

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SourceRecord]:
        """Sources of the org with their secrets, shared ones and those of workflows."""
        ...

    async def touch_secret(self, org: Id, source: Id, secret: Id, at: int) -> None:
        """Note that a secret matched at `at`; the latest such moment is kept. Every other write but logs goes first."""
        ...

    async def keep(self, org: Id, source: Id, keep: Sequence[KeptSecret]) -> None:
        """Store the secrets that a vendor's reply keeps.

        An item that must not `replace` counts only while its slot holds no secret at all, under whatever label: a
        handshake proves nothing, so it neither adds a secret beside the operator's nor forgets one. Any other item
        takes the place of the secrets of its slot and label, or removes them if it has no value. An item whose value
        is there already changes nothing, and if nothing changes the generation stays.

        Raises:
            NotFound: The org has no such source.
        """
        ...

    async def last_uses(self, org: Id, source: Id) -> Mapping[Id, int]:
        """When each secret of the source matched last, microseconds UTC; without those that never did."""
        ...


class Workflows(Protocol):
    """Workflows with drafts and immutable versions.

    Each write raises the workflow's generation; the snapshot shows the change when the call returns.
    """

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
        """Create a workflow with its own source, in one commit.

        Args:
            org: Whose workflow it is.
            name: What people call it.
            definition: Its draft.
            source: The spec of its source.
            secrets: The secrets of its source.
            publish: Make the draft version 1, and that the published one.
            by: The API key that creates it, kept with source and version.

        Raises:
            Conflict: An alias of the source is an address of another source, or was once one of another org.
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
            by: The API key that publishes, kept with the version.

        Raises:
            NotFound: There is no such workflow, or no secret that the change of the source removes.
            PreconditionFailed: The workflow's generation is another one by now.
            Conflict: An alias of the source is an address of another source, or was once one of another org.
        """
        ...

    async def delete(self, org: Id, workflow: Id, *, generation: int | None = None) -> None:
        """Delete a workflow with its source and versions.

        Its executions stay readable; those that have not finished are cancelled as by `Executions.cancel`.

        Raises:
            NotFound: There is no such workflow.
            PreconditionFailed: `generation` is given and the workflow has another one.
        """
        ...

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[WorkflowRecord]:
        """Workflows of the org with their drafts."""
        ...

    async def version(self, org: Id, workflow: Id, number: int) -> WorkflowVersion:
        """One version.

        Raises:
            NotFound: The org has no such workflow, or that has no such version.
        """
        ...

    async def versions(self, org: Id, workflow: Id) -> tuple[WorkflowVersion, ...]:
        """All versions of a workflow, newest first.

        Raises:
            NotFound: The org has no such workflow.
        """
        ...
