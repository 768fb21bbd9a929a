"""Answers that are kept under the idempotency keys of management calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hub.model.ids import Id

__all__ = ["Answers", "KeptAnswer"]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is known of the first call with an idempotency key.

    Attributes:
        digest: Of the data of that call.
        answer: What it was answered; None while it is under way, and for ever if its process was killed then.
    """

    digest: str
    answer: bytes | None


class Answers(Protocol):
    """The first call with an idempotency key claims it; the same org and route get its answer from then on.

    Claims are kept until retention removes them (`answers`). Answers are sealed, since they may show a secret once.
    """

    async def claim(self, org: Id, route: str, key: str, digest: str) -> KeptAnswer | None:
        """Claim a key for a call with this data.

        Of several calls at the same moment, in whichever process, one gets the claim.

        Args:
            org: Who calls.
            route: Method and path of the call.
            key: What the caller chose.
            digest: Of the data of the call.

        Returns:
            None if the key is claimed for this call now, else what is known of the call that has it.
        """
        ...

    async def keep(self, org: Id, route: str, key: str, answer: bytes) -> None:
        """Keep the answer of the call that has the claim; nothing happens without a claim."""
        ...

    async def drop(self, org: Id, route: str, key: str) -> None:
        """Forget a claim and its answer: the next call with this key is a first one."""
        ...
