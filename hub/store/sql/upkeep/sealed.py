"""What is sealed in the database, and whether the vault's keys open it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, func, select

from hub.errors import KeysMissing, StoreError
from hub.store.sql.records import answer_context, request_context, secret_context, subscription_context
from hub.store.sql.tables import answers, requests, secrets, subscriptions
from hub.store.vault import Vault

__all__ = ["SEALED", "Sealed", "check_keys"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values.

    Attributes:
        context: What binds a value to its row.
    """

    table: Table
    column: Column[bytes]
    context: Callable[[Row[Any]], bytes]


SEALED = (
    Sealed(secrets, secrets.c.sealed, lambda row: secret_context(row.org, row.owner, row.id)),
    Sealed(subscriptions, subscriptions.c.sealed_spec, lambda row: subscription_context(row.org, row.id)),
    Sealed(answers, answers.c.sealed, lambda row: answer_context(row.org, row.id)),
    Sealed(requests, requests.c.headers, lambda row: request_context(row.org, row.id)),
)


def check_keys(connection: Connection, vault: Vault) -> None:
    """Open one value under each master key in use, and the headers of the first and the last request.

    Raises:
        KeysMissing: One of them does not open. The store must not start then: what it would seal from now on could not
            be opened any more once the right keys are put back.
    """
    for sealed in SEALED:
        for row in _samples(connection, sealed):
            try:
                vault.decrypt(row.sealed, sealed.context(row))
            except StoreError as error:
                raise KeysMissing(
                    f"the keys in {vault.directory} do not open what is sealed in the database ({error}): "
                    "put back the keys directory that belongs to it"
                ) from error


def _samples(connection: Connection, sealed: Sealed) -> Iterator[Any]:
    key = list(sealed.table.primary_key.columns)
    query = select(*key, sealed.column.label("sealed")).limit(1)
    if sealed.table is requests:  # there may be millions of rows: only the two ends are looked at
        orders = (key, [column.desc() for column in key])
        yield from (row for order in orders for row in connection.execute(query.order_by(*order)).all())
        return
    master = func.substr(sealed.column, 2, 4)
    for number in connection.execute(select(master).distinct()).scalars().all():
        yield from connection.execute(query.where(master == number)).all()
