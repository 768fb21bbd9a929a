"""Step 1, identify: dialect route -> source, and the credential that the URL carries, in constant time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.inbound.evidence.refusals import Refused
from hub.inbound.gate import Gate, decoy
from hub.inbound.http.arrival import Arrival
from hub.model.ids import Id, read_id, short_id
from hub.model.stored.source import StoredSecret
from hub.model.stored.workflow import WorkflowRecord
from hub.ports.store.snapshot import Snapshot
from hub.sdk.dialect import Dialect, Refusal, Target

__all__ = ["Identified", "alias_of", "identify", "meant", "source_named"]

_decoys: dict[str, Gate] = {}


@dataclass(frozen=True, slots=True)
class Identified:
    """A source has been found (or a decoy, which admits nobody) and the URL's credential matches."""

    gate: Gate
    snapshot: Snapshot
    workflow: WorkflowRecord | None
    target: Target
    secret: StoredSecret | None


def source_named(snapshot: Snapshot, text: str) -> Id | None:
    """The source that `text` names: `src_…`, a UUID, VibeIQ's short id, or an alias."""
    raw = read_id("src", text)
    if raw is not None and raw in snapshot.sources:
        return raw
    return snapshot.derived(_by_short_id).get(text) or alias_of(snapshot, text)


def alias_of(snapshot: Snapshot, text: str) -> Id | None:
    """The source that has `text` as an alias: the id that a sender's URL has carried since before the hub."""
    return snapshot.derived(_by_alias).get(text)


def identify(arrival: Arrival, snapshot: Snapshot) -> Identified:
    """Find the source and check the credential that its URL carries.

    Raises:
        Refused: 401, the id is unknown or the credential is wrong; which of the two shows only in `reason`.
    """
    dialect = arrival.dialect
    target = dialect.target(arrival.params, arrival.query)
    workflow, gate = _find(snapshot, dialect, target)
    source = gate.source
    secret = None
    if dialect.carried == "url" and dialect.slot is not None:
        secret = gate.match(dialect.slot, target.secret or "", arrival.received)
        if secret is None:
            why = "the credential in the URL matches no live secret" if gate.known else "no source has this id"
            raise Refused(Refusal("identify", "url_secret" if gate.known else "unknown", 401, why))
    elif dialect.slot is None and not (gate.known and source.spec.open):
        why = 'only a source with "open": true answers to its bare id' if gate.known else "no source has this id"
        raise Refused(Refusal("identify", "unknown", 404, why))
    elif dialect.slot is not None and not source.has(dialect.slot):
        raise Refused(
            Refusal("identify", "unset", 401, f"the source has no {dialect.slot} secret: {dialect.title} needs it")
        )
    return Identified(gate, snapshot, workflow, target, secret)


def meant(arrival: Arrival, snapshot: Snapshot) -> Identified | None:
    """The source whose id the URL names, whatever credential it carries; for the evidence of a refusal only."""
    target = arrival.dialect.target(arrival.params, arrival.query)
    workflow, gate = _find(snapshot, arrival.dialect, target)
    return Identified(gate, snapshot, workflow, target, None) if gate.known else None


def _find(snapshot: Snapshot, dialect: Dialect, target: Target) -> tuple[WorkflowRecord | None, Gate]:
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
        return None, gate
    if workflow is None and source.workflow is not None:
        workflow = snapshot.workflows.get(source.workflow)
    return workflow, snapshot.derived(_gate, source.id)


def _by_short_id(snapshot: Snapshot) -> Mapping[str, Id]:
    return {short_id(one): one for one in snapshot.sources}


def _by_alias(snapshot: Snapshot) -> Mapping[str, Id]:
    return {alias: one.id for one in snapshot.sources.values() for alias in one.spec.aliases}


def _gate(snapshot: Snapshot, source: Id) -> Gate:
    return Gate.of(snapshot.sources[source])
