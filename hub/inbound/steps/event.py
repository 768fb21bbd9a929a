"""Step 7, event: hooks change, hold or drop each event; schemas and filters decide which workflows it starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import Drop, HubError, Invalid
from hub.inbound.evidence.refusals import Refused
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.execution import NewExecution
from hub.model.stored.inbound import EventRecord, NewEvent
from hub.model.stored.source import SourceRecord
from hub.model.times import to_micros
from hub.model.wire.event import Event
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.ports.engine import Engine
from hub.ports.store.snapshot import Snapshot
from hub.ports.triggers import Selected, Triggers
from hub.sdk.dialect import Flavour, Refusal

__all__ = ["Circumstances", "Starter"]

SchemaCheck = Callable[[SourceRecord, Event, Id], Awaitable[str]]
"""Source, event and the request that holds it -> why the event does not fit its schema; empty: it does, or has none."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What all events of one request share.

    Attributes:
        account: Account of the grant, the default of each event's.
        seen: Headers, query and body as workflows see them.
        waiting: The sender waits for the result.
        brief: The request is small enough to work out its executions before they are accepted.
        replay_of: For a replay: workflow -> the execution of it that runs again; {} where none is known.
    """

    request: Id
    source: SourceRecord
    snapshot: Snapshot
    received: int
    account: str | None
    seen: Mapping[str, Any]
    flavour: Flavour = "default"
    waiting: bool = False
    brief: bool = False
    replay_of: Mapping[Id, Id] | None = None


class Starter:
    """Turns events into what one acceptance commits."""

    def __init__(self, plugins: Plugins, triggers: Triggers, engine: Engine, schema_check: SchemaCheck) -> None:
        self._plugins = plugins
        self._triggers = triggers
        self._engine = engine
        self._schema_check = schema_check

    async def start(
        self, events: Sequence[Event], about: Circumstances, clock: RequestClock
    ) -> tuple[tuple[NewEvent, ...], bool]:
        """Each event with its executions, and whether a workflow wants to answer by a `respond` node.

        Raises:
            Refused: 422, the source enforces schemas and an event does not fit.
        """
        started = []
        responds = False
        for event in events:
            new, wants = await self._one(event, about, clock)
            started.append(new)
            responds = responds or wants
        return tuple(started), responds

    async def _one(self, event: Event, about: Circumstances, clock: RequestClock) -> tuple[NewEvent, bool]:
        if self._plugins.has_event_hooks:
            try:
                event = await self._plugins.event(event, clock)
            except Drop as drop:
                return NewEvent(_record(event, about, "dropped", drop.reason)), False
            except HubError as error:
                return NewEvent(_record(event, about, "held", str(error))), False
        reason = ""
        if about.source.spec.validation != "off":
            reason = await self._schema_check(about.source, event, about.request)
            if reason and about.source.spec.validation == "enforce":
                raise Refused(Refusal("event", "schema", 422, reason, "Event does not fit its schema"))
        record = _record(event, about, "accepted", reason)
        trigger = _trigger(event, record, about)
        try:
            selected = self._select(about, trigger, control=event.control)
        except Invalid as error:
            if about.flavour == "draft":
                raise Refused(Refusal("event", "draft", 422, error.detail, error.detail)) from error
            return NewEvent(_record(event, about, "held", error.detail)), False
        except HubError as error:
            return NewEvent(_record(event, about, "held", str(error))), False
        executions = tuple(self._execution(one, record, about, trigger) for one in selected)
        return NewEvent(record, executions), any(one.responds for one in selected)

    def _select(self, about: Circumstances, trigger: Mapping[str, Any], *, control: bool) -> Sequence[Selected]:
        if about.flavour == "draft" and about.source.workflow is not None:
            return (self._triggers.draft(about.snapshot, about.source.workflow, trigger),)
        return self._triggers.select(about.snapshot, about.source, trigger, control=control)

    def _execution(
        self, one: Selected, record: EventRecord, about: Circumstances, trigger: Mapping[str, Any]
    ) -> NewExecution:
        bound = one.serial_key is not None or one.concurrency is not None
        finished = None
        if about.brief and not bound:
            finished = self._engine.work_out(one.workflow, one.version, trigger)
        return NewExecution(
            org=record.org,
            id=new_id(),
            workflow=one.workflow,
            version=one.version,
            kind="webhook" if about.replay_of is None else "replay",
            trigger=trigger,
            created=about.received,
            source=record.source,
            request=record.request,
            event=record.id,
            replay_of=about.replay_of.get(one.workflow) if about.replay_of is not None else None,
            priority=0 if about.waiting else 1,
            serial_key=one.serial_key,
            concurrency=one.concurrency,
            due=about.received,
            lease=None if bound or finished is not None else self._engine.lease(waiting=about.waiting),
            definition=one.definition,
            finished=finished,
        )


def _record(event: Event, about: Circumstances, state: Any, reason: str) -> EventRecord:
    return EventRecord(
        org=about.source.org,
        id=new_id(),
        source=about.source.id,
        request=about.request,
        type=event.type,
        key=None if about.flavour == "draft" or about.replay_of is not None else event.id,
        account=event.account if event.account is not None else about.account,
        time=to_micros(event.time) if event.time is not None else None,
        received=about.received,
        data=event.data,
        control=event.control,
        state=state,
        reason=reason,
    )


def _trigger(event: Event, record: EventRecord, about: Circumstances) -> dict[str, Any]:
    return {
        "data": event.data,
        "type": event.type,
        "id": event.id,
        "time": event.time.isoformat() if event.time is not None else None,
        "account": record.account,
        "source": write_id("src", record.source),
        "request": write_id("req", record.request),
        "event": write_id("evt", record.id),
        **about.seen,
    }
