"""Secrets as rows, changed in the transaction that changes the source, subscription or connection that owns them."""

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
    """The secrets of owners of one kind. Each call works within an open transaction.

    Args:
        vault: Encrypts the values.
        kind: The kind of owner.
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
        """Apply `change` at `now` (microseconds UTC).

        Raises:
            NotFound: A secret to be removed does not exist.
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
            # Only secrets that would last longer are changed: an overlap must not prolong one that expires sooner.
            later = or_(secrets.c.expires.is_(None), secrets.c.expires > end)
            for slot, label in {(secret.slot, secret.label) for secret in change.add}:
                same = (secrets.c.slot == slot, secrets.c.label.is_not_distinct_from(label))
                transaction.execute(update(secrets).where(*mine, *same, later).values(expires=end))
        self.insert(transaction, org, owner, change.add)

    def delete_all(self, transaction: Transaction, org: Id, owner: Id) -> None:
        """Delete all secrets of an owner."""
        transaction.execute(delete(secrets).where(secrets.c.org == org, secrets.c.owner == owner))
