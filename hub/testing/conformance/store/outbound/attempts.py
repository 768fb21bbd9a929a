"""Attempts: logged once, with the new state of their delivery, in one commit."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.errors import Fenced
from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.scene import SECOND, StoreScene, page_through

__all__ = ["AttemptChecks"]


class AttemptChecks(Conformance):
    """`attempted`."""

    @shows(OutboundStore.attempted, OutboundStore.delivery)
    async def test_an_attempt_is_read_back_with_the_state_that_it_left(self, scene: StoreScene) -> None:
        """Every field."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.publish(made)
        [due] = await outbox.claim(made)
        done = outbox.done(due, "pending", delay=3)
        refused = replace(done.attempt, address=None, status=None, refused=True, error="the address is refused")

        await scene.store.outbound.attempted(replace(done, attempt=refused, error="address refused"))

        record, attempts = await scene.store.outbound.delivery(scene.org, due.record.id)
        assert attempts == (refused,)
        assert (record.state, record.attempts, record.tries, record.error) == ("pending", 1, 1, "address refused")
        assert (record.due, record.finished) == (scene.clock.now() + 3 * SECOND, None)
        scene.clock.advance(3)
        [due] = await outbox.claim(made)
        await outbox.attempt(due)
        record, attempts = await scene.store.outbound.delivery(scene.org, due.record.id)
        assert [each.number for each in attempts] == [1, 2]
        assert (record.state, record.error, record.finished) == ("delivered", "", scene.clock.now())

    @shows(OutboundStore.attempted)
    async def test_an_attempt_is_logged_once(self, scene: StoreScene) -> None:
        """Whoever is not sure that it was logged finds out."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.publish(made)
        [due] = await outbox.claim(made)

        outcomes = await asyncio.gather(*(outbox.attempt(due) for _ in range(4)), return_exceptions=True)

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Fenced"] * 3 + ["bool"]
        with pytest.raises(Fenced):
            await outbox.attempt(due)
        _, attempts = await scene.store.outbound.delivery(scene.org, due.record.id)
        assert attempts == (outbox.done(due).attempt,)

    @shows(OutboundStore.attempted)
    async def test_a_slow_owner_may_log_while_nobody_has_taken_over(self, scene: StoreScene) -> None:
        """The receiver has got it; the fence decides, not the end of the lease."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.publish(made)
        [due] = await outbox.claim(made, seconds=1)
        scene.clock.advance(90)

        await outbox.attempt(due)

        assert await outbox.states() == ["delivered"]

    @shows(OutboundStore.attempted)
    async def test_what_ends_while_its_subscription_is_disabled_or_gone_is_logged(self, scene: StoreScene) -> None:
        """An end is an end; what is to be tried again stays paused or cancelled."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(3):
            await outbox.publish(made)
        one, two, three = await outbox.claim(made)
        await outbox.disable(made)
        await outbox.attempt(one)
        await outbox.attempt(two, "pending", delay=1)
        assert await outbox.states() == ["delivered", "paused", "paused"]

        await outbox.delete(made)
        await outbox.attempt(three, "pending", delay=1)

        assert await outbox.states() == ["delivered", "cancelled", "cancelled"]
        record, attempts = await scene.store.outbound.delivery(scene.org, three.record.id)
        assert (len(attempts), record.finished is not None) == (1, True)
        scene.clock.advance(60)
        assert await outbox.claim(made) == ()

    @shows(OutboundStore.attempts)
    async def test_the_log_of_a_subscription_is_listed_newest_first(self, scene: StoreScene) -> None:
        """Of each delivery the last attempt first, with the origin of its message, while more are logged."""
        outbox = Outbox(scene)
        made, other = await outbox.subscribe(), await outbox.subscribe()
        expected = []
        for origin in ("api", "plugin", "execution"):
            await outbox.publish(made, other, origin=origin)
            for number in (1, 2):
                [due] = await outbox.claim(made)
                await outbox.attempt(due, "pending" if number == 1 else "delivered")
                expected.append((due.record.id, origin, number))
        await outbox.attempt((await outbox.claim(other))[0])

        async def more() -> None:
            await outbox.publish(made)
            await outbox.attempt((await outbox.claim(made))[0])

        log = await page_through(scene.store.outbound.attempts, scene.org, made.id, limit=3, meanwhile=more)

        assert [(record.id, origin, attempt.number) for record, origin, attempt in log] == expected[::-1]
        assert {record.body for record, _, _ in log} == {b""}
        assert await page_through(scene.store.outbound.attempts, scene.id(), made.id) == []
