"""Serial keys and limits, whatever happens in whatever order: never too many at once, and nobody is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.model.ids import Id, new_id
from hub.model.stored.execution import ExecutionChange
from hub.store.sql.tables import executions

if TYPE_CHECKING:
    from hub.model.stored.execution import Claimed
    from tests.store.conftest import Scene

SECOND = 1_000_000
Step = Literal["create", "claim", "finish", "wait", "cancel", "expire"]

created = st.tuples(
    st.just("create"), st.sampled_from([None, "a", "b"]), st.sampled_from([None, 1, 2]), st.integers(0, 1)
)
steps = st.lists(
    st.one_of(
        created,
        created,
        st.tuples(st.just("claim"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["finish", "wait", "cancel"]), st.integers(0, 50)),
        st.tuples(st.just("expire"), st.just(0)),
    ),
    max_size=30,
)


class Bench:
    """Drives one workflow and knows who runs."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.workflow = new_id()
        self.running: dict[Id, Claimed] = {}
        self.waiting: set[Id] = set()
        self.serial: dict[Id, str | None] = {}
        self.limit: dict[Id, int | None] = {}

    async def create(self, serial: str | None, concurrency: int | None, priority: int) -> None:
        execution = self.scene.execution(
            workflow=self.workflow, serial_key=serial, concurrency=concurrency, priority=priority
        )
        self.serial[execution.id], self.limit[execution.id] = serial, concurrency
        await self.scene.store.executions.create([execution])

    async def claim(self, limit: int) -> int:
        now = self.scene.clock.now()
        won = await self.scene.store.executions.claim("one", now + 60 * SECOND, now, limit)
        for claimed in won:
            self.running[claimed.record.id] = claimed
            self.waiting.discard(claimed.record.id)
        self.check()
        return len(won)

    def check(self) -> None:
        begun = [self.serial[key] for key in (*self.running, *self.waiting) if self.serial[key] is not None]
        assert len(begun) == len(set(begun)), "one at a time of each serial key"
        limited = [limit for key in self.running if (limit := self.limit[key]) is not None]
        assert not limited or len(limited) <= max(limited), "no more than the limit"

    async def leave(self, which: int, state: Literal["succeeded", "waiting"]) -> None:
        if not self.running:
            return
        key = list(self.running)[which % len(self.running)]
        claimed = self.running.pop(key)
        now = self.scene.clock.now()
        change = ExecutionChange(state=state, due=now + SECOND, finished=now, release=True)
        if state == "waiting":
            self.waiting.add(key)
            change = ExecutionChange(state=state, due=now + SECOND, release=True)
        await self.scene.store.executions.journal(self.scene.org, key, claimed.lease.fence, [], change)

    async def cancel(self, which: int) -> None:
        if self.serial:
            key = list(self.serial)[which % len(self.serial)]
            await self.scene.store.executions.cancel(self.scene.org, key, self.scene.clock.now())
            self.running.pop(key, None)
            self.waiting.discard(key)

    async def unfinished(self) -> int:
        query = select(func.count()).where(
            executions.c.workflow == self.workflow, executions.c.state.not_in(("succeeded", "cancelled"))
        )
        rows = await self.scene.store._database.rows(query)
        return int(rows[0][0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=steps)
async def test_never_too_many_at_once_and_nobody_is_forgotten(scene: Scene, plan: list[tuple[Any, ...]]) -> None:
    bench = Bench(scene)
    for step, *arguments in plan:
        match step:
            case "create":
                await bench.create(*arguments)
            case "claim":
                await bench.claim(*arguments)
            case "finish":
                await bench.leave(arguments[0], "succeeded")
            case "wait":
                await bench.leave(arguments[0], "waiting")
            case "cancel":
                await bench.cancel(*arguments)
            case "expire":
                scene.clock.advance(61)
                bench.waiting |= set(bench.running)
                bench.running.clear()
    for _ in range(3 * len(plan) + 3):
        scene.clock.advance(2)
        await bench.claim(2)
        while bench.running:
            await bench.leave(0, "succeeded")
    assert await bench.unfinished() == 0


async def test_a_long_queue_behind_one_key_is_not_walked_over_again(scene: Scene) -> None:
    bench = Bench(scene)
    await scene.store.executions.create(
        [scene.execution(workflow=bench.workflow, serial_key="k", priority=0) for _ in range(300)]
    )
    [first] = await scene.store.executions.claim("one", scene.clock.now() + 60 * SECOND, scene.clock.now(), 5)

    parked = await scene.store._database.rows(select(func.count()).where(executions.c.parked == "serial"))
    assert parked[0][0] == 299
    assert await scene.store.executions.next_due() == first.lease.until
    await scene.store.executions.cancel(scene.org, first.record.id, scene.clock.now())
    assert await scene.store.executions.next_due() == first.record.created, "the next one came back"
