"""Answers that are kept under idempotency keys."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from hub.model.ids import Id, new_id
from hub.ports.store.answers import KeptAnswer
from hub.store.sql.records import answer_context
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import answers
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlAnswers"]


class SqlAnswers:
    """Implements `hub.ports.store.Answers`."""

    def __init__(self, resources: SqlResources) -> None:
        self._writer = resources.writer
        self._vault = resources.vault
        self._clock = resources.clock

    async def claim(self, org: Id, route: str, key: str, digest: str) -> KeptAnswer | None:
        """See `hub.ports.store.Answers.claim`."""
        fresh = new_id()
        row = {
            "org": org,
            "id": fresh,
            "route": route,
            "key": key,
            "digest": digest,
            "done": False,
            "sealed": self._vault.encrypt(b"", answer_context(org, fresh)),
            "created": self._clock.now(),
        }

        def work(transaction: Transaction) -> KeptAnswer | None:
            # The unique index decides between two calls at the same moment: who is in the table has the claim.
            transaction.execute(insert(answers).on_conflict_do_nothing(), row)
            held = transaction.first(select(answers).where(*_of(org, route, key)))
            if held is None or held.id == fresh:
                return None
            answer = self._vault.decrypt(held.sealed, answer_context(org, held.id)) if held.done else None
            return KeptAnswer(held.digest, answer)

        return await self._writer.run(Priority.JOURNAL, work)

    async def keep(self, org: Id, route: str, key: str, answer: bytes) -> None:
        """See `hub.ports.store.Answers.keep`."""

        def work(transaction: Transaction) -> None:
            held = transaction.first(select(answers.c.id).where(*_of(org, route, key)))
            if held is not None:
                sealed = self._vault.encrypt(answer, answer_context(org, held.id))
                transaction.execute(update(answers).where(*_of(org, route, key)).values(done=True, sealed=sealed))

        await self._writer.run(Priority.JOURNAL, work)

    async def drop(self, org: Id, route: str, key: str) -> None:
        """See `hub.ports.store.Answers.drop`."""

        def work(transaction: Transaction) -> None:
            transaction.execute(delete(answers).where(*_of(org, route, key)))

        await self._writer.run(Priority.JOURNAL, work)


def _of(org: Id, route: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return answers.c.org == org, answers.c.route == route, answers.c.key == key
