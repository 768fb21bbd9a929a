"""The records of requests and events that the hook `hub_observe` receives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.model.ids import write_id
from hub.model.stored.inbound import Accepted, NewEvent, RequestRecord
from hub.model.times import from_micros
from hub.model.turns import Turns
from hub.model.wire.record import Record, RecordKind
from hub.plugins.host import Plugins
from hub.ports.store import Store

__all__ = ["RecordEmitter"]


class RecordEmitter:
    """Tells observers what was kept; it costs next to nothing while there are none.

    Args:
        plugins: The plugins that observe.
        store: For the names of orgs.
    """

    def __init__(self, plugins: Plugins, store: Store) -> None:
        self._plugins = plugins
        self._store = store

    def request(self, request: RequestRecord, *, duplicate: bool = False) -> None:
        """A request was kept, perhaps as a duplicate."""
        if not self._plugins.has_observers:
            return
        state = "duplicate" if duplicate else request.state
        detail = {**_common(request), "dialect": request.dialect, "step": request.step, "status": request.status}
        self._observe("request", write_id("req", request.id), request, state, request.reason, detail)

    async def events(self, request: RequestRecord, events: Sequence[NewEvent], accepted: Accepted) -> None:
        """The events of a request were kept, but for the duplicates. Others have their turns while there are many."""
        if not self._plugins.has_observers:
            return
        common, turns = _common(request), Turns()
        for event, outcome in zip(events, accepted.events, strict=False):
            if turns.over:
                await turns.give()
            if not outcome.duplicate:
                one = event.record
                detail = {**common, "request": write_id("req", one.request), "type": one.type}
                self._observe("event", write_id("evt", one.id), request, one.state, one.reason, detail)

    def _observe(
        self,
        kind: RecordKind,
        identity: str,
        request: RequestRecord,
        state: str,
        reason: str,
        detail: Mapping[str, object],
    ) -> None:
        org = self._store.snapshot.orgs.get(request.org)
        self._plugins.observe(
            Record(
                kind=kind,
                id=identity,
                org="" if org is None else org.name,
                state=state,
                at=from_micros(request.received),
                reason=reason,
                detail=detail,
            )
        )


def _common(request: RequestRecord) -> dict[str, str | None]:
    return {"source": write_id("src", request.source), "vendor": request.vendor}
