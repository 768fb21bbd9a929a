"""What `hub_observe` hears of requests and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.model.ids import write_id
from hub.model.stored.inbound import Accepted, NewEvent, RequestRecord
from hub.model.times import from_micros
from hub.model.wire.record import Record, RecordKind
from hub.plugins.host import Plugins
from hub.ports.store import Store

__all__ = ["Witness"]

_NOTHING = Accepted(b"", duplicate=False)


class Witness:
    """Tells observers what was kept; costs next to nothing while there are none.

    Args:
        plugins: Who observes.
        store: Knows the names of orgs.
    """

    def __init__(self, plugins: Plugins, store: Store) -> None:
        self._plugins = plugins
        self._store = store

    def saw(self, request: RequestRecord, events: Sequence[NewEvent] = (), accepted: Accepted = _NOTHING) -> None:
        """A request was kept, and with it those of its events that are no duplicates."""
        if not self._plugins.has_observers:
            return
        detail = {"source": write_id("src", request.source), "vendor": request.vendor}
        state = "duplicate" if accepted.duplicate else request.state
        about = {**detail, "dialect": request.dialect, "step": request.step, "status": request.status}
        self._tell("request", write_id("req", request.id), request, state, request.reason, about)
        for event, outcome in zip(events, accepted.events, strict=False):
            if not outcome.duplicate:
                one = event.record
                about = {**detail, "request": write_id("req", one.request), "type": one.type}
                self._tell("event", write_id("evt", one.id), request, one.state, one.reason, about)

    def _tell(
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
