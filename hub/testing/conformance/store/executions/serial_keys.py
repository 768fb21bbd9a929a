"""Serial keys and limits: never too many at once, and nothing is passed over for ever."""

from __future__ import annotations

import random
from typing import Literal

from hub.model.ids import Id
from hub.model.stored.execution import Claimed
from hub.ports.store import Executions
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.executions.claims import ids
from hub.testing.conformance.store.scene import MINUTE, StoreScene, page_through

__all__ = ["HeldBackModel", "SerialKeyChecks"]

_PLANS = 12
_STEPS = 30


class HeldBackModel:
    """Drives one workflow through any steps and knows which of its executions have begun."""

    def __init__(self, scene: StoreScene) -> None:
        self.scene = scene
        self.workflow = scene.id()
        self.running: dict[Id, Claimed] = {}
        self.waiting: set[Id] = set()
        self.serial: dict[Id, str | None] = {}
        self.limit: dict[Id, int | None] = {}

    async def create(self, serial: str | None, concurrency: int | None, priority: int) -> None:
        """Queue an execution."""
        execution = await self.scene.queue(
            workflow=self.workflow, serial_key=serial, concurrency=concurrency, priority=priority
        )
        self.serial[execution.id], self.limit[execution.id] = serial, concurrency

    async def claim(self, limit: int) -> None:
        """Claim, and look at what has begun now. Raises AssertionError if it is too much."""
        for claimed in await self.scene.claim(limit=limit):
            self.running[claimed.record.id] = claimed
            self.waiting.discard(claimed.record.id)
        begun = [self.serial[key] for key in (*self.running, *self.waiting) if self.serial[key] is not None]
        if len(begun) != len(set(begun)):
            raise AssertionError("two executions of one serial key have begun")
        limited = [most for key in self.running if (most := self.limit[key]) is not None]
        if limited and len(limited) > max(limited):
            raise AssertionError("more executions of the workflow run than its limit allows")

    async def leave(self, which: int, state: Literal["succeeded", "waiting"]) -> None:
        """End one of those that run, or let it wait for a second."""
        if not self.running:
            return
        key = list(self.running)[which % len(self.running)]
        fence = self.running.pop(key).lease.fence
        if state == "waiting":
            self.waiting.add(key)
            await self.scene.rest(key, fence, seconds=1)
        else:
            await self.scene.finish(key, fence)

    async def cancel(self, which: int) -> None:
        """Cancel one, whatever it does."""
        if self.serial:
            key = list(self.serial)[which % len(self.serial)]
            await self.scene.store.executions.cancel(self.scene.org, key, self.scene.clock.now())
            self.running.pop(key, None)
            self.waiting.discard(key)

    def expire(self) -> None:
        """Let the leases of all that run end."""
        self.scene.clock.advance(61)
        self.waiting |= set(self.running)
        self.running.clear()

    async def work_off(self, rounds: int) -> None:
        """Claim and finish. Raises AssertionError if something is left then."""
        for _ in range(rounds):
            self.scene.clock.advance(2)
            await self.claim(2)
            while self.running:
                await self.leave(0, "succeeded")
        listed = await page_through(self.scene.store.executions.list, self.scene.org, workflow=self.workflow, limit=100)
        left = [record.state for record in listed if record.state not in {"succeeded", "cancelled"}]
        if left:
            raise AssertionError(f"executions were passed over for ever: {left}")


class SerialKeyChecks(Conformance):
    """What holds executions back, and what lets them go."""

    @shows(Executions.claim, Executions.next_due, Executions.journal)
    async def test_executions_of_one_serial_key_run_one_after_the_other(self, scene: StoreScene) -> None:
        """The next one may be claimed as soon as the one before has ended."""
        first = await scene.queue(serial_key="a")
        second = await scene.queue(serial_key="a")
        other = await scene.queue(serial_key="b")

        assert ids(await scene.claim()) == [first.id, other.id]
        assert await scene.claim() == ()
        assert await scene.store.executions.next_due() == scene.clock.now() + MINUTE, "what is held back is not due"
        await scene.finish(first.id, 1)
        assert await scene.store.executions.next_due() == second.created
        assert ids(await scene.claim()) == [second.id]

    @shows(Executions.claim)
    async def test_the_same_serial_key_of_another_workflow_or_org_is_another_one(self, scene: StoreScene) -> None:
        """Keys belong to a workflow."""
        other = await scene.store.access.create_org("other")
        for fields in ({}, {"workflow": scene.id()}, {"org": other.id}):
            await scene.queue(serial_key="a", **fields)

        assert len(await scene.claim()) == 3

    @shows(Executions.claim, Executions.journal)
    async def test_a_waiting_execution_keeps_its_serial_key(self, scene: StoreScene) -> None:
        """It has begun and goes on later."""
        first, second = await scene.queue(serial_key="a"), await scene.queue(serial_key="a")
        await scene.claim()
        await scene.rest(first.id, 1, seconds=100)

        assert await scene.claim() == ()
        scene.clock.advance(100)
        assert ids(await scene.claim()) == [first.id]
        await scene.finish(first.id, 2)
        assert ids(await scene.claim()) == [second.id]

    @shows(Executions.claim)
    async def test_an_execution_whose_lease_has_ended_keeps_its_serial_key(self, scene: StoreScene) -> None:
        """It is recovered; the next one goes on waiting."""
        first, second = await scene.queue(serial_key="a"), await scene.queue(serial_key="a", priority=0)
        assert ids(await scene.claim(lowest=1)) == [first.id]
        scene.clock.advance(61)

        assert ids(await scene.claim("two")) == [first.id]
        assert second.id not in ids(await scene.claim("two"))

    @shows(Executions.cancel, Executions.claim)
    async def test_cancelling_lets_the_next_of_a_serial_key_go(self, scene: StoreScene) -> None:
        """However the one in the way ends."""
        first, second = await scene.queue(serial_key="a"), await scene.queue(serial_key="a")
        await scene.claim()

        await scene.store.executions.cancel(scene.org, first.id, scene.clock.now())

        assert ids(await scene.claim()) == [second.id]

    @shows(Executions.claim, Executions.journal)
    async def test_the_limit_of_a_workflow_counts_running_executions_only(self, scene: StoreScene) -> None:
        """One that waits makes room, and needs room again when it goes on."""
        executions = [await scene.queue(concurrency=2) for _ in range(4)]

        assert ids(await scene.claim()) == [executions[0].id, executions[1].id]
        assert await scene.claim() == ()
        await scene.rest(executions[0].id, 1, seconds=30)
        assert ids(await scene.claim()) == [executions[2].id]
        scene.clock.advance(30)
        assert await scene.claim() == (), "no room for the one that wants to go on"
        await scene.finish(executions[1].id, 1)
        assert len(await scene.claim()) == 1

    @shows(Executions.claim)
    async def test_as_many_as_the_limit_are_claimed_at_once(self, scene: StoreScene) -> None:
        """Within one claim too."""
        for _ in range(12):
            await scene.queue(concurrency=7)

        assert len(await scene.claim(limit=10)) == 7

    @shows(Executions.claim)
    async def test_what_is_held_back_does_not_stand_in_the_way_of_others(self, scene: StoreScene) -> None:
        """A long queue behind one key, and then work that nothing holds back."""
        await scene.store.executions.create([scene.execution(serial_key="k", priority=0) for _ in range(300)])
        [first] = await scene.claim(limit=5, highest=0)
        free = await scene.queue(priority=1)

        assert ids(await scene.claim()) == [free.id]
        assert await scene.store.executions.next_due() == first.lease.until

    @shows(Executions.claim, Executions.journal, Executions.cancel)
    async def test_whatever_happens_never_too_many_run_and_nothing_is_forgotten(self, scene: StoreScene) -> None:
        """Random plans of creating, claiming, ending, waiting, cancelling and crashing, the same in every run."""
        for seed in range(_PLANS):
            chance, model = random.Random(seed), HeldBackModel(scene)  # noqa: S311 - a plan, no secret
            for _ in range(_STEPS):
                match chance.choice(["create", "create", "create", "claim", "claim", "end", "wait", "cancel", "crash"]):
                    case "create":
                        serial, limit = chance.choice([None, "a", "b"]), chance.choice([None, 1, 2])
                        await model.create(serial, limit, chance.randrange(2))
                    case "claim":
                        await model.claim(chance.randrange(1, 5))
                    case "end":
                        await model.leave(chance.randrange(50), "succeeded")
                    case "wait":
                        await model.leave(chance.randrange(50), "waiting")
                    case "cancel":
                        await model.cancel(chance.randrange(50))
                    case _:
                        model.expire()
            await model.work_off(3 * _STEPS)
