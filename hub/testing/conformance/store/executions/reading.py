"""Reading executions: one, lists, those of a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import NotFound
from hub.model.stored.execution import NodeRecord
from hub.model.stored.jobs import RetrySelection
from hub.ports.blobs import BLOB_THRESHOLD
from hub.ports.store import Executions
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["ExecutionReadingChecks"]


class ExecutionReadingChecks(Conformance):
    """What operators see."""

    @shows(Executions.get, Executions.create)
    async def test_an_execution_is_read_back_whole(self, scene: StoreScene) -> None:
        """Large values too."""
        large = {"long": "x" * BLOB_THRESHOLD}
        execution = await scene.queue(
            kind="replay",
            trigger=large,
            source=scene.id(),
            request=scene.id(),
            event=scene.id(),
            parent=scene.id(),
            parent_node="run",
            replay_of=scene.id(),
            priority=3,
            serial_key="k",
            concurrency=4,
            definition=large,
            due=scene.clock.now() + 7,
        )

        record = await scene.store.executions.get(scene.org, execution.id)

        for name in (
            "org", "id", "workflow", "version", "kind", "trigger", "created", "source", "request", "event", "parent",
            "parent_node", "replay_of", "priority", "serial_key", "definition", "due",
        ):  # fmt: skip
            assert getattr(record, name) == getattr(execution, name), name
        assert (record.state, record.result, record.error, record.crashes) == ("queued", None, None, 0)
        assert (record.started, record.finished) == (None, None)

    @shows(Executions.get, Executions.nodes, Executions.list)
    async def test_executions_of_another_org_are_not_there(self, scene: StoreScene) -> None:
        """By id, by list, by journal."""
        execution = await scene.queue()
        await scene.claim()
        await scene.journal(execution.id, 1, NodeRecord("a", "running"))
        other = await scene.store.access.create_org("other")

        with pytest.raises(NotFound):
            await scene.store.executions.get(other.id, execution.id)
        assert await scene.store.executions.nodes(other.id, execution.id) == ()
        assert (await scene.store.executions.list(other.id, limit=5)).items == ()

    @shows(Executions.list)
    async def test_executions_are_listed_by_workflow_and_state(self, scene: StoreScene) -> None:
        """Newest first, without what is large."""
        executions = [await scene.queue() for _ in range(3)]
        elsewhere = await scene.queue(workflow=scene.id())
        await scene.claim(limit=2)
        await scene.finish(executions[0].id, 1, "failed")
        listed = scene.store.executions.list

        mine = await page_through(listed, scene.org, workflow=scene.workflow)

        assert [record.id for record in mine] == [one.id for one in reversed(executions)]
        assert [(record.trigger, record.definition, record.result) for record in mine] == [(None, None, None)] * 3
        assert [one.id for one in await page_through(listed, scene.org)] == [elsewhere.id, *(one.id for one in mine)]
        for state, expected in (("failed", executions[0]), ("running", executions[1])):
            assert [one.id for one in await page_through(listed, scene.org, state=state)] == [expected.id]
        both = await page_through(listed, scene.org, state="queued", workflow=scene.workflow)
        assert [one.id for one in both] == [executions[2].id]

    @shows(Executions.list)
    async def test_pages_of_executions_neither_repeat_nor_skip(self, scene: StoreScene) -> None:
        """While executions come and go between two pages."""
        executions = [await scene.queue() for _ in range(6)]
        await scene.claim(limit=2)

        async def come_and_go() -> None:
            for execution in executions[:2]:
                await scene.finish(execution.id, 1)
            await scene.queue()
            scene.clock.advance(1)
            await scene.store.retention.prune("executions", scene.clock.now())

        listed = await page_through(scene.store.executions.list, scene.org, meanwhile=come_and_go)

        assert [one.id for one in listed] == [execution.id for execution in reversed(executions[2:])]

    @shows(Executions.retryable, Executions.count_retryable)
    async def test_executions_to_retry_are_walked_oldest_first(self, scene: StoreScene) -> None:
        """Of a span of time, by state, workflow and source; those that another execution started are left out."""
        executions, start, source = scene.store.executions, scene.clock.now(), scene.id()
        failing = [await scene.queue(source=source) for _ in range(3)]
        elsewhere, child = await scene.queue(workflow=scene.id()), await scene.queue(parent=scene.id(), kind="child")
        await scene.queue()
        for one in await scene.claim(limit=5):
            await scene.finish(one.record.id, 1, "failed")
        scene.clock.advance(1)
        late = await scene.queue()
        await executions.cancel(scene.org, late.id, scene.clock.now())
        span = RetrySelection(scene.org, "failed", start, scene.clock.now())

        first = await executions.retryable(span, after=None, limit=3)
        rest = await executions.retryable(span, after=first[-1], limit=9)

        assert [*first, *rest] == [*(one.id for one in failing), elsewhere.id]
        assert child.id not in {*first, *rest}
        assert [await executions.count_retryable(span, after=place) for place in (None, first[0])] == [4, 3]
        for fields, expected in (
            ({"workflow": scene.workflow}, [one.id for one in failing]),
            ({"source": source, "workflow": scene.workflow}, [one.id for one in failing]),
            ({"state": "cancelled", "until": scene.clock.now() + 1}, [late.id]),
            ({"state": "cancelled"}, []),
            ({"source": scene.id()}, []),
            ({"org": scene.id()}, []),
            ({"since": start + 1}, []),
        ):
            selection = replace(span, **fields)
            assert list(await executions.retryable(selection, after=None, limit=9)) == expected
            assert await executions.count_retryable(selection) == len(expected)

    @shows(Executions.of_request)
    async def test_a_request_names_the_executions_that_it_started(self, scene: StoreScene) -> None:
        """Oldest first; replays and children are started by somebody else."""
        accepted = await scene.store.inbound.accept(scene.acceptance("a", "b"))
        await scene.store.inbound.accept(scene.acceptance("c"))
        await scene.queue(request=accepted.request, kind="replay")
        await scene.queue(request=accepted.request, kind="child")

        started = await scene.store.executions.of_request(scene.org, accepted.request)

        assert tuple(execution.id for execution in started) == accepted.executions
        assert {execution.trigger for execution in started} == {None}
        assert await scene.store.executions.of_request(scene.id(), accepted.request) == ()
