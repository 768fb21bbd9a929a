"""The trigger port: which workflows an event starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.source import SourceRecord
from hub.ports.store.snapshot import Snapshot

__all__ = ["Selected", "Triggers"]


@dataclass(frozen=True, slots=True)
class Selected:
    """A workflow that an event starts.

    Attributes:
        responds: It has a `respond` node, so that the sender waits for it.
        serial_key: Executions with the same key run one after the other.
        concurrency: Most executions of it that run at once, None for any number.
    """

    workflow: Id
    version: int
    responds: bool = False
    serial_key: str | None = None
    concurrency: int | None = None
    definition: Any = None


class Triggers(Protocol):
    """Published workflows with their triggers and filters."""

    def select(
        self, snapshot: Snapshot, source: SourceRecord, trigger: Mapping[str, Any], *, control: bool
    ) -> Sequence[Selected]:
        """The workflows of the org that start on this trigger: the source's own one and those that list the source.

        Raises:
            hub.errors.HubError: A filter or serial key of a workflow failed; the event is held.
        """
        ...

    def draft(self, snapshot: Snapshot, workflow: Id, trigger: Mapping[str, Any]) -> Selected:
        """The draft of a workflow, for a draft run.

        Raises:
            hub.errors.Invalid: The draft cannot run.
        """
        ...
