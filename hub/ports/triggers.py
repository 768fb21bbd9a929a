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
        responds: It has a `respond` node, so the sender waits for it.
        serial_key: Executions with the same key run one after another; None without a key.
        concurrency: How many executions of it may run at the same time; None without limit.
        definition: The definition of a draft, which the execution takes along; None for a published version.
    """

    workflow: Id
    version: int
    responds: bool = False
    serial_key: str | None = None
    concurrency: int | None = None
    definition: Any = None


class Triggers(Protocol):
    """Knows which workflows an event starts."""

    def select(
        self, snapshot: Snapshot, source: SourceRecord, trigger: Mapping[str, Any], *, control: bool
    ) -> Sequence[Selected]:
        """The published workflows that start on this trigger: the source's own one first, then those that list it.

        Args:
            snapshot: The published workflows and the sources.
            source: The source that received the event.
            trigger: The trigger of the executions to start, see `hub.workflows.expressions.scope`.
            control: The event is a control event (ping, revocation), which starts only workflows that name its type.

        Raises:
            hub.errors.HubError: A filter or the serial key of a workflow failed; the event has to be held.
        """
        ...

    def draft(self, snapshot: Snapshot, workflow: Id, trigger: Mapping[str, Any]) -> Selected:
        """The current draft of a workflow, for a draft run: version 0, with its definition.

        Raises:
            hub.errors.Invalid: The draft cannot run.
        """
        ...
