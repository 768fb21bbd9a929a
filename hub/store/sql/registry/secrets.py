"""Secrets as rows: added, changed and removed together with the source or subscription that owns them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, insert, or_, update

from hub.errors import NotFound
from hub.model.ids import Id
from hub.model.stored.source import SecretsChange, StoredSecret
from hub.store.sql.records import SecretKind, sealed_secret
from hub.store.sql.tables import secrets
from hub.store.sql.transaction import Transaction
from hub.store.vault import Vault

__all__ = ["OwnedSecrets"]


class OwnedSecrets:
    """The secrets of the owners of one kind; every call works within an open transaction.

    Args:
        vault: Seals the values.
        kind: What the owners are.
    """

    def __init__(self, vault: Vault, kind: SecretKind) -> None:
        self._vault = vault
        self._kind = kind

    def insert(self, transaction: Transaction, org: Id, owner: Id, added: Iterable[StoredSecret]) -> None:
        """Add secrets."""
        rows = [sealed_secret(self._vault, org, owner, self._kind, secret) for secret in added]
        if rows:
            transaction.execute(insert(secrets), rows)

    def change(self, transaction: Transaction, org: Id, owner: Id, change: SecretsChange, now: int) -> None:
        """Do what `change` says, at `now` (microseconds UTC).

        Raises:
            NotFound: A secret that is to be removed is not there.
        """
        mine = (secrets.c.org == org, secrets.c.owner == owner)
        if change.clear:
            transaction.execute(delete(secrets).where(*mine, secrets.c.slot.in_(change.clear)))
        if change.remove:
            gone = transaction.execute(delete(secrets).where(*mine, secrets.c.id.in_(change.remove)))
            if gone.rowcount < len(change.remove):
                raise NotFound("no such secret")
        if change.overlap is not None:
            end = now + change.overlap
            # An overlap only ever brings the end of a secret nearer: one that expires sooner anyway keeps its end.
            later = or_(secrets.c.expires.is_(None), secrets.c.expires > end)
            for slot, label in {(secret.slot, secret.label) for secret in change.add}:
                same = (secrets.c.slot == slot, secrets.c.label.is_not_distinct_from(label))
                transaction.execute(update(secrets).where(*mine, *same, later).values(expires=end))
        self.insert(transaction, org, owner, change.add)

    def delete_all(self, transaction: Transaction, org: Id, owner: Id) -> None:
        """Remove every secret of an owner that is deleted."""
        transaction.execute(delete(secrets).where(secrets.c.org == org, secrets.c.owner == owner))
