"""The trigger port: which workflows an event starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.source import SourceRecord
from hub.ports.store.snapshot import Snapshot

__all__ = ["Selected", "Selection", "Triggers"]


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


@dataclass(frozen=True, slots=True)
class Selection:
    """The workflows that an event starts.

    Attributes:
        started: In order: the source's own workflow first, then those that list the source.
        faults: One sentence for each workflow whose filter or serial key failed; it does not start.
    """

    started: tuple[Selected, ...]
    faults: tuple[str, ...] = ()


class Triggers(Protocol):
    """Knows which workflows an event starts."""

    def select(
        self, snapshot: Snapshot, source: SourceRecord, trigger: Mapping[str, Any], *, control: bool
    ) -> Selection:
        """The published workflows that start on this trigger. A workflow whose filter fails keeps no other from it.

        Args:
            snapshot: The published workflows and the sources.
            source: The source that received the event.
            trigger: The trigger of the executions to start, see `hub.workflows.expressions.scope`.
            control: The event is a control event (ping, revocation), which starts only workflows that name its type.
        """
        ...

    def draft(self, snapshot: Snapshot, workflow: Id, trigger: Mapping[str, Any]) -> Selected:
        """The current draft of a workflow, for a draft run: version 0, with its definition.

        Raises:
            hub.errors.HubError: The draft cannot run (`Invalid`), or its serial key failed.
        """
        ...
