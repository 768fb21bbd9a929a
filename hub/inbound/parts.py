"""What the steps of a request work with: one object, made by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.inbound.evidence.fingerprints import Fingerprints
from hub.inbound.evidence.record_emitter import RecordEmitter
from hub.inbound.evidence.secret_uses import SecretUses
from hub.inbound.evidence.unkept import UnkeptRequests
from hub.inbound.http.limits import Limits
from hub.inbound.source_context import SourceContexts
from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord
from hub.model.stored.source import SourceRecord
from hub.model.wire.event import Event
from hub.plugins.host import Plugins
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.ports.triggers import Triggers

__all__ = ["Envelope", "NodeOutputs", "PipelineParts", "SchemaCheck", "StatusUrl"]

SchemaCheck = Callable[[SourceRecord, Event, Id], Awaitable[str]]
"""Source, event and id of its request -> why the event does not fit its schema; empty if it fits or has none."""
NodeOutputs = Callable[[ExecutionRecord], Awaitable[Mapping[str, tuple[str, Any]]]]
"""Execution -> node id -> (name, output) of the nodes that succeeded, in the order in which they finished."""
Envelope = Callable[[ExecutionRecord], Awaitable[Mapping[str, Any] | None]]
"""Execution -> the download envelope of a result over the threshold, None for a smaller one."""
StatusUrl = Callable[[Id, Id], str]
"""Org and execution -> a URL that tells the execution's state to anybody who has the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineParts:
    """The collaborators and settings of the nine steps.

    Attributes:
        base_url: The configured public base URL.
        max_body: Largest body in bytes where neither source nor vendor sets one.
        body_seconds: Longest time that a body may take.
        request_seconds: How long all plugins together may take for a request whose vendor sets no deadline.
        wait_seconds: Longest wait of a synchronous answer, from the receipt of the request.
    """

    store: Store
    plugins: Plugins
    engine: Engine
    triggers: Triggers
    schema_check: SchemaCheck
    contexts: SourceContexts
    fingerprints: Fingerprints
    limits: Limits
    emitter: RecordEmitter
    secret_uses: SecretUses
    unkept: UnkeptRequests
    node_outputs: NodeOutputs
    envelope: Envelope
    status_url: StatusUrl
    base_url: str
    max_body: int = 1 << 20
    body_seconds: float = 30.0
    request_seconds: float = 10.0
    wait_seconds: float = 30.0
