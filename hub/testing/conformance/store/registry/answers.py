"""Answers under idempotency keys: one call has the claim, the others get its answer."""

from __future__ import annotations

import asyncio

from hub.ports.store import Answers
from hub.ports.store.answers import KeptAnswer
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["AnswerChecks"]

ROUTE = "POST /api/things"


class AnswerChecks(Conformance):
    """`claim`, `keep` and `drop`."""

    @shows(Answers.claim, Answers.keep)
    async def test_a_repeated_call_gets_the_answer_of_the_first(self, scene: StoreScene) -> None:
        """After a restart too; other orgs, routes and keys are apart."""
        answers, other = scene.store.answers, await scene.store.access.create_org("other")
        assert await answers.claim(scene.org, ROUTE, "k", "d") is None
        assert await answers.claim(scene.org, ROUTE, "k", "d") == KeptAnswer("d", None)

        await answers.keep(scene.org, ROUTE, "k", b"made")

        await scene.restart()
        answers = scene.store.answers
        assert await answers.claim(scene.org, ROUTE, "k", "another") == KeptAnswer("d", b"made")
        assert await answers.claim(other.id, ROUTE, "k", "d") is None
        assert await answers.claim(scene.org, "POST /api/others", "k", "d") is None
        assert await answers.claim(scene.org, ROUTE, "l", "d") is None

    @shows(Answers.claim)
    async def test_one_of_several_calls_at_once_has_the_claim(self, scene: StoreScene) -> None:
        """In whichever process."""
        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(side.store.answers.claim(scene.org, ROUTE, "k", "d") for side in (scene, other) * 6)
            )
        assert sorted(outcomes, key=str).count(None) == 1

    @shows(Answers.drop, Answers.keep)
    async def test_a_claim_that_was_dropped_is_free(self, scene: StoreScene) -> None:
        """And nothing is kept without a claim."""
        answers = scene.store.answers
        await answers.claim(scene.org, ROUTE, "k", "d")
        await answers.drop(scene.org, ROUTE, "k")
        await answers.keep(scene.org, ROUTE, "k", b"late")
        await answers.drop(scene.org, ROUTE, "never")
        assert await answers.claim(scene.org, ROUTE, "k", "e") is None
        assert await answers.claim(scene.org, ROUTE, "k", "e") == KeptAnswer("e", None)
