"""Claims with leases and fences, the journal, cancel, reopen, wake."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from hub.errors import Conflict, Fenced, NotFound
from hub.model.ids import Id, new_id
from hub.model.stored.execution import ExecutionChange, ExecutionError, NewExecution, NodeRecord

if TYPE_CHECKING:
    from hub.model.stored.execution import Claimed, ExecutionState
    from tests.store.conftest import OpenStore, Scene

SECOND = 1_000_000


async def queued(scene: Scene, **fields: object) -> NewExecution:
    execution = scene.execution(**fields)
    await scene.store.executions.create([execution])
    return execution


async def claim(scene: Scene, owner: str = "one", limit: int = 10, **bounds: int) -> tuple[Claimed, ...]:
    now = scene.clock.now()
    return await scene.store.executions.claim(owner, now + 60 * SECOND, now, limit, **bounds)


def ids(claimed: tuple[Claimed, ...]) -> list[Id]:
    return [one.record.id for one in claimed]


async def finish(scene: Scene, execution: Id, fence: int, state: ExecutionState = "succeeded") -> None:
    change = ExecutionChange(state=state, finished=scene.clock.now())
    await scene.store.executions.journal(scene.org, execution, fence, [], change)


async def test_queued_work_is_claimed_once(scene: Scene) -> None:
    execution = await queued(scene)

    [won] = await claim(scene)

    assert (won.record.id, won.record.state, won.lease.owner, won.lease.fence) == (execution.id, "running", "one", 1)
    assert won.lease.until == scene.clock.now() + 60 * SECOND
    assert await claim(scene, "two") == ()


async def test_creating_the_same_id_twice_is_one_execution(scene: Scene) -> None:
    execution = await queued(scene)

    await scene.store.executions.create([execution, scene.execution()])

    assert len(await claim(scene)) == 2


async def test_smaller_priority_goes_first_then_age(scene: Scene) -> None:
    order = []
    for priority in (1, 1, 0, 5, 0):
        order.append((priority, (await queued(scene, priority=priority)).id))
        scene.clock.advance(1)

    assert ids(await claim(scene)) == [key for _, key in sorted(order, key=lambda pair: pair[0])]


async def test_only_the_priorities_asked_for_are_claimed(scene: Scene) -> None:
    first, second = await queued(scene, priority=0), await queued(scene, priority=1)

    assert ids(await claim(scene, lowest=1)) == [second.id]
    assert ids(await claim(scene, highest=0)) == [first.id]


async def test_work_due_later_waits(scene: Scene) -> None:
    execution = await queued(scene, due=scene.clock.now() + 5 * SECOND)

    assert await claim(scene) == ()
    assert await scene.store.executions.next_due() == execution.due
    scene.clock.advance(5)
    assert ids(await claim(scene)) == [execution.id]


async def test_an_expired_lease_is_taken_over_and_counted_as_a_crash(scene: Scene) -> None:
    await queued(scene)
    [first] = await claim(scene, "one")
    scene.clock.advance(59)
    assert await claim(scene, "two") == ()
    assert await scene.store.executions.next_due() == first.lease.until

    scene.clock.advance(1)
    [second] = await claim(scene, "two")

    assert (second.lease.fence, second.record.crashes) == (2, 1)
    with pytest.raises(Fenced):
        await scene.store.executions.journal(scene.org, first.record.id, 1, [NodeRecord("a", "running")])
    assert await scene.store.executions.nodes(scene.org, first.record.id) == ()


async def test_a_first_claim_is_no_crash_and_a_node_that_ends_forgives_crashes(scene: Scene) -> None:
    execution = await queued(scene)
    [first] = await claim(scene)
    assert first.record.crashes == 0
    scene.clock.advance(60)
    [second] = await claim(scene)
    await scene.store.executions.journal(
        scene.org, execution.id, second.lease.fence, [NodeRecord("a", "succeeded", output=1)]
    )
    assert (await scene.store.executions.get(scene.org, execution.id)).crashes == 0


async def test_renewing_keeps_the_lease_only_for_its_owner(scene: Scene) -> None:
    mine, lost = await queued(scene), await queued(scene)
    await claim(scene, "one")
    scene.clock.advance(30)
    until = scene.clock.now() + 60 * SECOND

    assert await scene.store.executions.renew("two", [mine.id], until) == frozenset()
    assert await scene.store.executions.renew("one", [mine.id, new_id()], until) == {mine.id}
    assert await scene.store.executions.renew("one", [], until) == frozenset()

    scene.clock.advance(31)
    assert ids(await claim(scene, "two")) == [lost.id]
    assert await scene.store.executions.renew("one", [mine.id, lost.id], until) == {mine.id}


async def test_an_execution_born_with_a_lease_needs_no_claim(scene: Scene) -> None:
    accepted = await scene.store.inbound.accept(scene.acceptance(None, lease=scene.lease()))
    [execution] = accepted.executions

    assert await claim(scene) == ()
    await finish(scene, execution, 1)

    assert (await scene.store.executions.get(scene.org, execution)).state == "succeeded"


async def test_no_lease_at_birth_beside_a_serial_key_or_limit(scene: Scene) -> None:
    for fields in ({"serial_key": "k"}, {"concurrency": 1}):
        with pytest.raises(ValueError, match="claimed"):
            scene.execution(lease=scene.lease(), **fields)


async def test_executions_of_one_serial_key_run_one_after_the_other(scene: Scene) -> None:
    first = await queued(scene, serial_key="a")
    second = await queued(scene, serial_key="a")
    other = await queued(scene, serial_key="b")

    assert ids(await claim(scene)) == [first.id, other.id]
    assert await claim(scene) == ()
    assert await scene.store.executions.next_due() == scene.clock.now() + 60 * SECOND, "held back is not due"

    await finish(scene, first.id, 1)
    assert await scene.store.executions.next_due() == second.created
    assert ids(await claim(scene)) == [second.id]


async def test_a_sleeping_execution_keeps_its_serial_key(scene: Scene) -> None:
    first, second = await queued(scene, serial_key="a"), await queued(scene, serial_key="a")
    await claim(scene)
    wakes = scene.clock.now() + 100 * SECOND
    change = ExecutionChange(state="waiting", due=wakes, release=True)
    await scene.store.executions.journal(scene.org, first.id, 1, [], change)

    assert await claim(scene) == ()
    scene.clock.advance(100)
    assert ids(await claim(scene)) == [first.id]
    await finish(scene, first.id, 2)
    assert ids(await claim(scene)) == [second.id]


async def test_the_limit_of_a_workflow_counts_running_ones_only(scene: Scene) -> None:
    executions = [await queued(scene, concurrency=2) for _ in range(4)]

    assert ids(await claim(scene)) == [executions[0].id, executions[1].id]
    assert await claim(scene) == ()
    wakes = scene.clock.now() + 100 * SECOND
    await scene.store.executions.journal(
        scene.org, executions[0].id, 1, [], ExecutionChange(state="waiting", due=wakes, release=True)
    )
    assert ids(await claim(scene)) == [executions[2].id]
    await finish(scene, executions[1].id, 1)
    assert ids(await claim(scene, limit=1)) == [executions[3].id]


async def test_a_limit_of_many_is_claimed_at_once(scene: Scene) -> None:
    for _ in range(12):
        await queued(scene, concurrency=7)

    assert len(await claim(scene, limit=10)) == 7


async def test_journal_and_change_are_read_back(scene: Scene) -> None:
    execution = await queued(scene)
    await claim(scene)
    nodes = [
        NodeRecord("b", "succeeded", input={"x": 1}, output=[1, None], started=2, finished=3, attempts=2),
        NodeRecord("a", "failed", item=4, error="no", started=1, finished=2, crashes=1, child=new_id()),
    ]
    change = ExecutionChange(
        state="failed", result={"r": 1}, error=ExecutionError("a", "no"), started=5, finished=9, due=7
    )

    await scene.store.executions.journal(scene.org, execution.id, 1, nodes[:1])
    await scene.store.executions.journal(scene.org, execution.id, 1, nodes, change)

    record = await scene.store.executions.get(scene.org, execution.id)
    assert (record.state, record.result, record.error) == ("failed", {"r": 1}, ExecutionError("a", "no"))
    assert (record.started, record.finished, record.due) == (5, 9, 7)
    assert await scene.store.executions.nodes(scene.org, execution.id) == (nodes[1], nodes[0])


async def test_a_claim_brings_the_journal_so_far(scene: Scene) -> None:
    execution = await queued(scene)
    await claim(scene)
    node = NodeRecord("a", "succeeded", output={"big": "x" * 200_000}, started=1)
    await scene.store.executions.journal(scene.org, execution.id, 1, [node])
    scene.clock.advance(60)

    [again] = await claim(scene)

    assert again.nodes == (node,)


async def test_writes_of_one_execution_at_once_are_all_kept(scene: Scene) -> None:
    execution = await queued(scene)
    await claim(scene)

    await asyncio.gather(
        *(
            scene.store.executions.journal(scene.org, execution.id, 1, [NodeRecord(f"n{number}", "running")])
            for number in range(40)
        )
    )

    assert len(await scene.store.executions.nodes(scene.org, execution.id)) == 40


async def test_one_fenced_write_does_not_hurt_its_neighbours(scene: Scene) -> None:
    executions = [await queued(scene) for _ in range(10)]
    await claim(scene)
    await scene.store.executions.cancel(scene.org, executions[3].id, scene.clock.now())

    outcomes = await asyncio.gather(
        *(
            scene.store.executions.journal(scene.org, execution.id, 1, [NodeRecord("a", "succeeded", output=1)])
            for execution in executions
        ),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [type(None)] * 3 + [Fenced] + [type(None)] * 6
    for number, execution in enumerate(executions):
        assert len(await scene.store.executions.nodes(scene.org, execution.id)) == (number != 3)


async def test_a_released_or_finished_execution_takes_no_more_writes(scene: Scene) -> None:
    finished, released = await queued(scene), await queued(scene)
    await claim(scene)
    await finish(scene, finished.id, 1)
    due = scene.clock.now() + SECOND
    await scene.store.executions.journal(
        scene.org, released.id, 1, [], ExecutionChange(state="waiting", due=due, release=True)
    )

    for execution in (finished.id, released.id, new_id()):
        with pytest.raises(Fenced):
            await scene.store.executions.journal(scene.org, execution, 1, [])
    scene.clock.advance(1)
    [again] = await claim(scene)
    assert (again.record.id, again.record.crashes) == (released.id, 0)


async def test_a_child_that_finishes_wakes_its_waiting_parent(scene: Scene) -> None:
    parent = await queued(scene)
    await claim(scene)
    child = scene.execution(kind="child", parent=parent.id, parent_node="run")
    far = scene.clock.now() + 10_000 * SECOND
    await scene.store.executions.journal(
        scene.org,
        parent.id,
        1,
        [NodeRecord("run", "waiting", child=child.id)],
        ExecutionChange(state="waiting", due=far, release=True),
        [child],
    )
    assert ids(await claim(scene)) == [child.id]

    await finish(scene, child.id, 1)

    [woken] = await claim(scene)
    assert (woken.record.id, woken.nodes[0].child) == (parent.id, child.id)


async def test_a_child_that_finishes_before_its_parent_waits_is_not_missed(scene: Scene) -> None:
    parent = await queued(scene)
    await claim(scene)
    child = scene.execution(kind="child", parent=parent.id)
    await scene.store.executions.journal(scene.org, parent.id, 1, [], children=[child])
    await claim(scene)
    await finish(scene, child.id, 1)

    far = scene.clock.now() + 10_000 * SECOND
    await scene.store.executions.journal(
        scene.org, parent.id, 1, [], ExecutionChange(state="waiting", due=far, release=True)
    )

    assert ids(await claim(scene)) == [parent.id]


async def test_a_signal_settles_the_waiting_node(scene: Scene) -> None:
    execution = await queued(scene)
    await claim(scene)
    far = scene.clock.now() + 10_000 * SECOND
    await scene.store.executions.journal(
        scene.org,
        execution.id,
        1,
        [NodeRecord("approve", "waiting", started=1)],
        ExecutionChange(state="waiting", due=far, release=True),
    )

    await scene.store.executions.signal(scene.org, execution.id, "approve", {"ok": True}, scene.clock.now())

    [woken] = await claim(scene)
    assert (woken.nodes[0].state, woken.nodes[0].output) == ("succeeded", {"ok": True})
    with pytest.raises(NotFound):
        await scene.store.executions.signal(scene.org, execution.id, "approve", None, scene.clock.now())


@pytest.mark.parametrize("state", ["waiting", "running", "failed", "cancelled"])
async def test_a_late_write_of_whoever_runs_it_does_not_undo_a_signal(scene: Scene, state: Any) -> None:
    execution = await queued(scene)
    await claim(scene)
    await scene.store.executions.journal(scene.org, execution.id, 1, [NodeRecord("approve", "waiting", started=1)])
    await scene.store.executions.signal(scene.org, execution.id, "approve", {"ok": True}, scene.clock.now())

    late = [NodeRecord("approve", state, started=1, due=5), NodeRecord("other", state, started=2)]
    await scene.store.executions.journal(
        scene.org, execution.id, 1, late, ExecutionChange(state="waiting", due=scene.clock.now() + SECOND, release=True)
    )

    [woken] = await claim(scene)
    assert [(node.node, node.state, node.output) for node in woken.nodes] == [
        ("approve", "succeeded", {"ok": True}),
        ("other", state, None),
    ]


async def test_cancel_cascades_and_happens_once(scene: Scene) -> None:
    parent = await queued(scene)
    child = await queued(scene, parent=parent.id, kind="child")
    grandchild = await queued(scene, parent=child.id, kind="child")
    done = await queued(scene, parent=parent.id, kind="child")
    await claim(scene)
    await finish(scene, done.id, 1)
    await scene.store.executions.journal(scene.org, child.id, 1, [NodeRecord("a", "running")])

    cancelled = await scene.store.executions.cancel(scene.org, parent.id, scene.clock.now())

    assert cancelled == (parent.id, child.id, grandchild.id)
    assert await scene.store.executions.cancel(scene.org, parent.id, scene.clock.now()) == ()
    assert [node.state for node in await scene.store.executions.nodes(scene.org, child.id)] == ["cancelled"]
    with pytest.raises(Fenced):
        await finish(scene, child.id, 1)
    with pytest.raises(NotFound):
        await scene.store.executions.cancel(scene.org, new_id(), 1)


async def test_reopen_forgets_what_did_not_succeed(scene: Scene) -> None:
    execution = await queued(scene)
    await claim(scene)
    with pytest.raises(Conflict):
        await scene.store.executions.reopen(scene.org, execution.id, scene.clock.now())
    done = NodeRecord("a", "succeeded", output=1, started=1)
    await scene.store.executions.journal(
        scene.org,
        execution.id,
        1,
        [done, NodeRecord("b", "failed", error="no")],
        ExecutionChange(state="failed", error=ExecutionError("b", "no"), finished=9),
    )

    await scene.store.executions.reopen(scene.org, execution.id, scene.clock.now())

    [again] = await claim(scene)
    assert again.nodes == (done,)
    assert (again.record.error, again.record.finished, again.record.crashes) == (None, None, 0)
    with pytest.raises(NotFound):
        await scene.store.executions.reopen(scene.org, new_id(), scene.clock.now())


async def test_two_processes_share_the_queue_without_overlap(scene: Scene, open_store: OpenStore) -> None:
    created = [scene.execution() for _ in range(100)]
    await scene.store.executions.create(created)

    async with open_store("two") as other:
        won = await asyncio.gather(
            *(claim(side, owner, 7) for _ in range(8) for side, owner in ((scene, "one"), (scene.over(other), "two")))
        )

    taken = [execution for claimed in won for execution in ids(claimed)]
    assert len(taken) == len(set(taken)) == 100


async def test_next_due_is_none_when_nothing_is_left(scene: Scene) -> None:
    assert await scene.store.executions.next_due() is None
    execution = await queued(scene)
    await claim(scene)
    await finish(scene, execution.id, 1)
    assert await scene.store.executions.next_due() is None


async def test_lists_filter_and_leave_out_what_is_large(scene: Scene) -> None:
    executions = [await queued(scene) for _ in range(3)]
    await claim(scene, limit=2)
    await finish(scene, executions[0].id, 1, "failed")
    listed = scene.store.executions.list

    page = await listed(scene.org, workflow=scene.workflow.id, limit=2)
    rest = await listed(scene.org, limit=2, cursor=page.next)

    assert [record.id for record in page.items + rest.items] == [one.id for one in reversed(executions)]
    assert page.items[0].trigger is None
    for state, execution in (("failed", 0), ("running", 1), ("queued", 2)):
        found = await listed(scene.org, state=state, limit=5)
        assert [record.id for record in found.items] == [executions[execution].id]
    assert (await listed(scene.org, workflow=new_id(), limit=5)).items == ()


async def test_a_request_names_the_executions_that_it_started(scene: Scene) -> None:
    accepted = await scene.store.inbound.accept(scene.acceptance("a", "b"))
    await scene.store.inbound.accept(scene.acceptance("c"))
    await queued(scene, request=accepted.request, kind="replay")

    started = await scene.store.executions.of_request(scene.org, accepted.request)

    assert tuple(execution.id for execution in started) == accepted.executions
    assert await scene.store.executions.of_request(new_id(), accepted.request) == ()
