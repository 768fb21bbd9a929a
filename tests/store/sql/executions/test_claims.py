"""Serial keys and limits in the tables: whatever happens in whatever order, and what is parked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.store.sql.store import SqlStore
from hub.store.sql.tables import executions
from hub.testing.conformance.store.executions.serial_keys import HeldBackModel
from hub.testing.conformance.store.scene import StoreScene

created = st.tuples(
    st.just("create"), st.sampled_from([None, "a", "b"]), st.sampled_from([None, 1, 2]), st.integers(0, 1)
)
steps = st.lists(
    st.one_of(
        created,
        created,
        st.tuples(st.just("claim"), st.integers(1, 4)),
        st.tuples(st.just("leave"), st.integers(0, 50), st.sampled_from(["succeeded", "waiting"])),
        st.tuples(st.just("cancel"), st.integers(0, 50)),
        st.tuples(st.just("expire")),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=steps)
async def test_never_too_many_at_once_and_nobody_is_forgotten(scene: StoreScene, plan: list[tuple[Any, ...]]) -> None:
    model = HeldBackModel(scene)
    for step, *arguments in plan:
        done = getattr(model, step)(*arguments)
        if done is not None:
            await done
    await model.work_off(3 * len(plan) + 3)


async def test_a_long_queue_behind_one_key_is_parked_by_one_claim(scene: StoreScene) -> None:
    store: Any = scene.store
    assert isinstance(store, SqlStore)
    await scene.store.executions.create([scene.execution(serial_key="k", priority=0) for _ in range(300)])
    [first] = await scene.claim(limit=5)

    parked = await store.resources.database.rows(select(func.count()).where(executions.c.parked == "serial"))
    assert parked[0][0] == 299
    await scene.store.executions.cancel(scene.org, first.record.id, scene.clock.now())
    assert await scene.store.executions.next_due() == first.record.created, "the next one came back"


async def test_no_lease_at_birth_beside_a_serial_key_or_limit(scene: StoreScene) -> None:
    for fields in ({"serial_key": "k"}, {"concurrency": 1}):
        with pytest.raises(ValueError, match="claimed"):
            scene.execution(lease=scene.lease(), **fields)
