"""Which source a request is for: by the id in its URL, whatever form the id has."""

from __future__ import annotations

from collections.abc import Mapping

from hub.inbound.gate import Gate, decoy
from hub.inbound.http.arrival import Arrival
from hub.inbound.stages import IdentifiedRequest
from hub.model.ids import Id, read_id, short_id
from hub.model.stored.source import SourceRecord
from hub.model.stored.workflow import WorkflowRecord
from hub.plugins.host import Plugins
from hub.ports.store.snapshot import Snapshot
from hub.sdk.dialect import Dialect, DialectTarget
from hub.sdk.vendor import Vendor

__all__ = ["alias_of", "find_gate", "gate_of", "request_by_id", "request_for", "source_named", "vendors_of"]

_NO_TARGET = DialectTarget()
_decoys: dict[str, Gate] = {}


def source_named(snapshot: Snapshot, text: str) -> Id | None:
    """The source that `text` names: `src_…`, a UUID, VibeIQ's short id, or an alias."""
    raw = read_id("src", text)
    if raw is not None and raw in snapshot.sources:
        return raw
    return snapshot.derived(_by_short_id).get(text) or alias_of(snapshot, text)


def alias_of(snapshot: Snapshot, text: str) -> Id | None:
    """The source that has `text` as an alias: the id that a sender's URL has carried since before the hub."""
    return snapshot.derived(_by_alias).get(text)


def find_gate(snapshot: Snapshot, dialect: Dialect, target: DialectTarget) -> tuple[Gate, WorkflowRecord | None]:
    """Gate and own workflow of the source that a URL points at; a decoy where there is no such source.

    An unknown id takes the same path as a known one, against secrets that nobody knows: neither the answer nor the
    time it takes tells whether a source exists.
    """
    workflow = None
    source_id = None
    if target.workflow is not None:
        raw = read_id("wf", target.workflow)
        workflow = snapshot.workflows.get(raw) if raw is not None else None
        source_id = workflow.source if workflow is not None else alias_of(snapshot, target.workflow)
    elif target.source is not None:
        source_id = source_named(snapshot, target.source)
    source = snapshot.sources.get(source_id) if source_id is not None else None
    if source is not None and target.org is not None and snapshot.orgs[source.org].name != target.org:
        source = None
    if source is None:
        gate = _decoys.get(dialect.name)
        if gate is None:
            gate = _decoys[dialect.name] = decoy(dialect.slot)
        return gate, None
    if workflow is None and source.workflow is not None:
        workflow = snapshot.workflows.get(source.workflow)
    return snapshot.derived(gate_of, source.id), workflow


def gate_of(snapshot: Snapshot, source: Id) -> Gate:
    """What requests to `source` are checked against; ask for it by `snapshot.derived`."""
    return Gate.of(snapshot.sources[source])


def vendors_of(arrival: Arrival, source: SourceRecord, plugins: Plugins) -> tuple[Vendor | None, Vendor | None]:
    """The vendor that the source is bound to, and the one that may answer a handshake.

    On a source bound to no vendor, `vendor=` in the URL lends the handshake of the vendor that it names, and no more.
    A vendor whose plugin is not active is None.
    """
    bound = source.spec.vendor
    if bound is not None:
        vendor = plugins.vendor(bound)
        return vendor, vendor
    named = arrival.named_vendor
    return None, plugins.vendor(named) if named is not None else None


def request_for(
    arrival: Arrival, snapshot: Snapshot, source: Id, plugins: Plugins, target: DialectTarget = _NO_TARGET
) -> IdentifiedRequest:
    """A request to a source that is known by other means than the URL's credential, which is not checked.

    For the evidence of a refusal, for explaining and for replays; never on the way to an acceptance of what came in.
    """
    gate = snapshot.derived(gate_of, source)
    workflow = snapshot.workflows.get(gate.source.workflow) if gate.source.workflow is not None else None
    vendor, challenger = vendors_of(arrival, gate.source, plugins)
    return IdentifiedRequest(arrival, snapshot, gate, workflow, target, None, vendor, challenger)


def request_by_id(arrival: Arrival, snapshot: Snapshot, plugins: Plugins) -> IdentifiedRequest | None:
    """A request to the source whose id the URL names, whatever credential it carries; None for an unknown id."""
    target = arrival.dialect.target(arrival.params, arrival.query)
    gate, _ = find_gate(snapshot, arrival.dialect, target)
    return request_for(arrival, snapshot, gate.source.id, plugins, target) if gate.known else None


def _by_short_id(snapshot: Snapshot) -> Mapping[str, Id]:
    return {short_id(one): one for one in snapshot.sources}


def _by_alias(snapshot: Snapshot) -> Mapping[str, Id]:
    return {alias: one.id for one in snapshot.sources.values() for alias in one.spec.aliases}
