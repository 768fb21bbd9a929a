"""Addresses that sources have had: whoever was given one keeps it, also when the source is gone.

Senders go on sending to an old address for years. If another org could claim it once its source is deleted, that org
would read traffic that is not meant for it. So each address belongs to the org that had it first, for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from hub.errors import Conflict
from hub.model.ids import Id, read_id, short_id
from hub.model.stored.source import SourceRecord
from hub.store.sql.tables import addresses
from hub.store.sql.transaction import Transaction

__all__ = ["claim_addresses"]

_SHORT = 16
"""Characters of a short id."""


def claim_addresses(transaction: Transaction, record: SourceRecord) -> None:
    """Give a source that is about to be written its ids and aliases as addresses.

    Raises:
        Conflict: An address belongs to another source, or was once given to another org. The sentence does not tell
            which of the two.
    """
    _require_free_in_org(transaction, record)
    own = replace(record, spec=record.spec.model_copy(update={"aliases": ()}))
    named = {_canonical(alias): alias for alias in record.spec.aliases}
    wanted = sorted({*_addresses(own), *named})
    # The unique key decides between two orgs that want an address at the same moment: what is in the table after this
    # statement is the owner, whoever of the two was first.
    transaction.execute(
        insert(addresses).on_conflict_do_nothing(), [{"address": one, "org": record.org} for one in wanted]
    )
    owned = select(addresses.c.address).where(addresses.c.address.in_(wanted), addresses.c.org != record.org)
    taken = transaction.first(owned.order_by(addresses.c.address))
    if taken is not None:
        raise _taken(named.get(taken.address, taken.address))


def _require_free_in_org(transaction: Transaction, record: SourceRecord) -> None:
    """Within its org, an address belongs to one source at a time."""
    named = {_canonical(alias): alias for alias in record.spec.aliases}
    if not named:
        return
    short = any(len(alias) == _SHORT for alias in named)
    for other in transaction.current().sources.values():
        if other.id != record.id and other.org == record.org:
            clash = sorted(named.keys() & set(_addresses(other, short=short)))
            if clash:
                raise _taken(named[clash[0]])


def _addresses(record: SourceRecord, *, short: bool = True) -> Iterable[str]:
    """Everything by which a URL may name the source, each in one form; the short id only if it is wanted."""
    yield record.id.hex()
    if short:
        yield short_id(record.id)
    if record.workflow is not None:
        yield record.workflow.hex()
    yield from map(_canonical, record.spec.aliases)


def _canonical(alias: str) -> str:
    """One form for all ways to write an id, so that no other one of them is free."""
    found: Id | None = read_id("src", alias) or read_id("wf", alias)
    return alias if found is None else found.hex()


def _taken(alias: str) -> Conflict:
    return Conflict(f"the alias {alias} is taken")
