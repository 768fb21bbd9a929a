"""The accepting transaction: requests, events, executions, nonces and kept secrets of a whole group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Row, insert, select, tuple_

from hub.errors import NonceReplayed, StaleSource, StoreError
from hub.model.ids import Id
from hub.model.stored.inbound import Acceptance, Accepted, AcceptedEvent
from hub.store.sql.bulk import Bulk, NewRow
from hub.store.sql.executions.execution_rows import EXECUTIONS, NODES
from hub.store.sql.registry.sources import keep_secrets
from hub.store.sql.requests.event_rows import PreparedEvent
from hub.store.sql.requests.files import write_files
from hub.store.sql.requests.outcomes import pack_events, split_ids, unpack_events
from hub.store.sql.tables import event_groups, event_keys, events, nonces, requests
from hub.store.sql.transaction import Transaction
from hub.store.vault import Vault

__all__ = [
    "EVENTS",
    "REQUESTS",
    "Prepared",
    "accept_group",
    "keep_groups",
    "write_events",
]

REQUESTS = Bulk(requests)
EVENTS = Bulk(events)
_EVENT_GROUPS = Bulk(event_groups)
_EVENT_KEYS = Bulk(event_keys, "nothing")
_LOOKUP = 200

Key = tuple[Id, Id, str, str]
_key: Callable[[Mapping[str, Any]], Key] = itemgetter("org", "source", "account", "key")


class Prepared(NamedTuple):
    """An acceptance as rows, made before the transaction begins.

    Attributes:
        groups: References of the groups in which its events are written later (`event_groups`); it has no `events`
            then.
        files: The rows of its files.
    """

    acceptance: Acceptance
    request: NewRow
    events: tuple[PreparedEvent, ...]
    vault: Vault
    now: int
    groups: tuple[str, ...] = ()
    files: Sequence[NewRow] = ()


def accept_group(transaction: Transaction, group: Sequence[Prepared]) -> Sequence[Accepted | Exception]:
    """Accept each of `group` or say why not (`StaleSource`, `NonceReplayed`); a refused one leaves no trace.

    Most requests have neither a nonce nor secrets to keep; all of these share a few statements. The others go first and
    one by one, since each may change what the next one finds: the claimed nonces, and the generation of the source.
    """
    outcomes: dict[int, Accepted | Exception] = {}
    plain: list[int] = []
    for index, item in enumerate(group):
        if item.acceptance.nonce is not None or item.acceptance.keep:
            outcomes[index] = _accept_one(transaction, item)
        else:
            plain.append(index)
    current = [index for index in plain if _fresh(transaction, group[index].acceptance)]
    outcomes.update(zip(current, _write(transaction, [group[index] for index in current]), strict=True))
    return [outcomes.get(index) or _stale() for index in range(len(group))]


def _stale() -> StaleSource:
    return StaleSource("the source has changed since the request was checked")


def _fresh(transaction: Transaction, acceptance: Acceptance) -> bool:
    """Whether the source is still as it was when the request was checked, in the eyes of this transaction.

    It holds the write lock, and has read what other processes changed: no source can change before the commit.
    """
    request = acceptance.request
    source = transaction.current().sources.get(request.source)
    return source is not None and source.org == request.org and source.generation == acceptance.generation


def _accept_one(transaction: Transaction, item: Prepared) -> Accepted | Exception:
    """The outcome of one request with a nonce or secrets to keep."""
    acceptance, request = item.acceptance, item.acceptance.request
    if not _fresh(transaction, acceptance):
        return _stale()
    if acceptance.nonce is not None:
        first = transaction.first(
            select(nonces).where(
                nonces.c.org == request.org, nonces.c.source == request.source, nonces.c.nonce == acceptance.nonce
            )
        )
        if first is not None:
            if first.digest != request.digest:
                return NonceReplayed("the nonce was used before with another body")
            REQUESTS.run(transaction.connection, [_duplicate(item.request)])
            happened = tuple([replace(event, duplicate=True) for event in unpack_events(first.events)])
            return Accepted(first.request, duplicate=True, events=happened)
    [accepted] = _write(transaction, [item])
    if acceptance.nonce is not None:
        claim = {
            "org": request.org,
            "source": request.source,
            "nonce": acceptance.nonce,
            "digest": request.digest,
            "request": request.id,
            "events": pack_events(accepted.events),
            "claimed": item.now,
        }
        transaction.execute(insert(nonces), claim)
    if acceptance.keep:
        source = transaction.current().sources[request.source]
        keep_secrets(transaction, item.vault, source, acceptance.keep, item.now)
    return accepted


def _write(transaction: Transaction, items: Sequence[Prepared]) -> list[Accepted]:
    firsts = write_events(transaction, [event for item in items for event in item.events])
    accepted: list[Accepted] = []
    rows: list[NewRow] = []
    for item in items:
        happened = tuple(firsts[event.id] for event in item.events)
        duplicate = bool(happened) and all(event.duplicate for event in happened)
        rows.append(_duplicate(item.request) if duplicate else item.request)
        accepted.append(Accepted(item.acceptance.request.id, duplicate, happened))
    REQUESTS.run(transaction.connection, rows)
    write_files(transaction, [row for item in items for row in item.files])
    for item in items:
        keep_groups(transaction, item.acceptance.request.org, item.acceptance.request.id, item.groups)
    return accepted


def keep_groups(transaction: Transaction, org: Id, request: Id, refs: Sequence[str]) -> None:
    """Keep the references of the groups in which the events of an accepted request will be written."""
    rows = [{"org": org, "request": request, "number": number, "rows_ref": ref} for number, ref in enumerate(refs)]
    _EVENT_GROUPS.run(transaction.connection, rows)


def write_events(transaction: Transaction, batch: Sequence[PreparedEvent]) -> dict[Id, AcceptedEvent]:
    """Insert the events that are first ones of their keys, with their executions; what became of each, by its id.

    The unique key of `event_keys` finds duplicates: a row whose key exists, in the table or earlier in the same
    statement, is not inserted. Only if the count shows that some were not, the first ones are looked up.
    """
    keyed = [event.key for event in batch if event.key is not None]
    firsts: dict[Key, Row[Any]] = {}
    if keyed and _EVENT_KEYS.run(transaction.connection, keyed) < len(keyed):
        firsts = _first_events(transaction, keyed)
    happened: dict[Id, AcceptedEvent] = {}
    fresh: list[PreparedEvent] = []
    for event in batch:
        first = firsts.get(_key(event.key)) if firsts and event.key is not None else None
        if first is None or first.event == event.id:
            fresh.append(event)
            happened[event.id] = AcceptedEvent(event.id, duplicate=False, executions=event.execution_ids)
        else:
            happened[event.id] = AcceptedEvent(first.event, duplicate=True, executions=split_ids(first.executions))
    EVENTS.run(transaction.connection, [event.row for event in fresh])
    started = [execution for event in fresh for execution in event.executions]
    if EXECUTIONS.run(transaction.connection, started) < len(started):
        raise StoreError("an execution has the id of another one: ids must be new")
    NODES.run(transaction.connection, [node for event in fresh for node in event.nodes])
    return happened


def _first_events(transaction: Transaction, keyed: Sequence[NewRow]) -> dict[Key, Row[Any]]:
    columns = event_keys.c
    found: dict[Key, Row[Any]] = {}
    for start in range(0, len(keyed), _LOOKUP):
        some = [_key(row) for row in keyed[start : start + _LOOKUP]]
        query = select(event_keys).where(tuple_(columns.org, columns.source, columns.account, columns.key).in_(some))
        found |= {(row.org, row.source, row.account, row.key): row for row in transaction.execute(query)}
    return found


def _duplicate(request: NewRow) -> NewRow:
    return {**request, "state": "duplicate"}
