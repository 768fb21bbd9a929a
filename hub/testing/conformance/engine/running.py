"""Executions run to their end: what starts them, in which order their nodes run, and what is kept."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.model.ids import write_id
from hub.model.stored.execution import ExecutionError
from hub.ports.engine import Engine
from hub.testing.conformance.engine.scene import EngineScene, call, value
from hub.testing.conformance.scenario import Conformance, shows

__all__ = ["RunningChecks"]


class RunningChecks(Conformance):
    """Every accepted execution runs once, by the rules of `hub.workflows.plan.planner`."""

    @shows(Engine.start_running, Engine.start, Engine.wait)
    async def test_an_execution_runs_to_its_result(self, scene: EngineScene) -> None:
        """Result, journal and times are stored."""
        flow = await scene.workflow(
            value("a", "{{ TRIGGER.n + 1 }}"), call("b", "a", output={"twice": "{{ nodes.a.output * 2 }}"})
        )

        record = await scene.run(flow, {"n": 20})

        assert (record.state, record.result, record.error) == ("succeeded", {"twice": 42}, None)
        stored = await scene.record(record.id)
        assert (stored.state, stored.result, stored.error) == ("succeeded", {"twice": 42}, None)
        assert stored.started is not None
        assert stored.finished is not None
        assert stored.created <= stored.started <= stored.finished
        journal = await scene.journal(record.id)
        assert {key: (one.state, one.attempts, one.output) for key, one in journal.items()} == {
            ("a", -1): ("succeeded", 1, 21),
            ("b", -1): ("succeeded", 1, {"twice": 42}),
        }
        assert journal["b", -1].input == {"output": {"twice": 42}}

    @shows(Engine.start)
    async def test_an_execution_that_is_started_again_runs_once(self, scene: EngineScene) -> None:
        """In the same call, while it runs, and after its end."""
        flow = await scene.workflow(call("a", hold=True))
        execution = scene.new(flow)
        await scene.store.executions.create([execution])

        scene.engine.start([execution, execution])
        await scene.probe.begun("a")
        scene.engine.start([execution])
        scene.probe.let("a")
        await scene.end(execution.id)
        scene.engine.start([execution])
        await scene.run(flow)

        assert scene.probe.names == ["a", "a"], "one call of each execution"

    @shows(Engine.start_running)
    async def test_an_execution_that_was_accepted_before_the_engine_started_runs(self, scene: EngineScene) -> None:
        """The rows in the store are the outbox."""
        flow = await scene.workflow(call("a"))
        await scene.stop()
        await scene.open_store()
        execution = await scene.accept(flow)

        await scene.restart()

        assert (await scene.end(execution)).state == "succeeded"

    @shows(Engine.wake)
    async def test_a_wake_makes_the_engine_look_at_once(self, scene: EngineScene) -> None:
        """No time has to pass."""
        flow = await scene.workflow(call("a"))
        await scene.run(flow)
        for _ in range(3):  # the first one may be found by a look that was under way
            execution = await scene.accept(flow)

            scene.engine.wake()

            await scene.until_state(execution, "succeeded")

    @shows(Engine.start_running)
    async def test_an_execution_that_nobody_tells_the_engine_of_runs(self, scene: EngineScene) -> None:
        """A process that accepts may end before it can tell."""
        flow = await scene.workflow(call("a"))
        await scene.run(flow)
        execution = await scene.accept(flow)

        await scene.until_state(execution, "succeeded", passing=1)

    @shows(Engine.start)
    async def test_nodes_run_when_what_they_need_has_finished(self, scene: EngineScene) -> None:
        """Independent ones run at the same time, and a dependent one after the entry is committed."""
        flow = await scene.workflow(
            call("a"), call("b", "a", hold=True), call("c", "a", hold=True), call("d", "b", "c", hold=True)
        )
        execution = await scene.begin(flow)

        await scene.probe.begun("b", "c")
        journal = await scene.journal(execution)
        assert journal["a", -1].state == "succeeded"
        assert (journal["b", -1].state, journal["c", -1].state) == ("running", "running")
        assert ("d", -1) not in journal
        scene.probe.let("c", "b")
        await scene.probe.begun("d")
        journal = await scene.journal(execution)
        assert (journal["b", -1].state, journal["c", -1].state) == ("succeeded", "succeeded")
        scene.probe.let("d")
        await scene.end(execution)

        assert scene.probe.names[0] == "a"
        assert scene.probe.names[-1] == "d"
        assert sorted(scene.probe.names) == ["a", "b", "c", "d"]

    @shows(Engine.start)
    async def test_the_end_of_a_node_is_kept_while_another_runs(self, scene: EngineScene) -> None:
        """A crash later on does not repeat it."""
        flow = await scene.workflow(call("quick"), call("slow", hold=True))
        execution = await scene.begin(flow)

        async def kept() -> bool:
            journal = await scene.journal(execution)
            return ("quick", -1) in journal and journal["quick", -1].state == "succeeded"

        await scene.until(kept)
        assert (await scene.record(execution)).state == "running"
        scene.probe.let("slow")
        await scene.end(execution)

    @shows(Engine.start)
    async def test_a_branch_whose_condition_is_false_is_skipped(self, scene: EngineScene) -> None:
        """A node that joins it with another branch runs."""
        flow = await scene.workflow(
            call("no", **{"if": "{{ TRIGGER.n > 5 }}"}),
            call("after", "no"),
            call("yes"),
            call("both", "after", "yes", output="{{ nodes.no.state }}"),
        )

        record = await scene.run(flow, {"n": 3})

        assert record.result == "skipped"
        assert sorted(scene.probe.names) == ["both", "yes"]
        journal = await scene.journal(record.id)
        assert {name: one.state for (name, _), one in journal.items()} == {
            "no": "skipped",
            "after": "skipped",
            "yes": "succeeded",
            "both": "succeeded",
        }

    @shows(Engine.start)
    async def test_items_run_within_their_limit_and_outputs_keep_their_order(self, scene: EngineScene) -> None:
        """Each item has an idempotency key of its own."""
        items: dict[str, Any] = {"for_each": {"items": "{{ TRIGGER }}", "concurrency": 2}}
        flow = await scene.workflow(call("a", name="n{{ item }}", output="{{ item }}", hold=True, **items))
        execution = await scene.begin(flow, [3, 1, 2])

        await scene.probe.begun("n3", "n1")
        scene.probe.let("n1")
        await scene.probe.begun("n2")
        scene.probe.let("n3", "n2")
        record = await scene.end(execution)

        assert record.result == [3, 1, 2]
        assert scene.probe.most == 2
        written = write_id("exec", execution)
        assert [(one.name, one.key) for one in scene.probe.calls] == [
            ("n3", f"{written}/a/0"),
            ("n1", f"{written}/a/1"),
            ("n2", f"{written}/a/2"),
        ]

    @shows(Engine.start)
    async def test_large_values_pass_from_node_to_node(self, scene: EngineScene) -> None:
        """Larger than what the store keeps in a row."""
        flow = await scene.workflow(
            value("a", "{{ 'ä' * 300000 }}"), call("b", "a", output="{{ [nodes.a.output, TRIGGER] }}")
        )

        record = await scene.run(flow, "x" * 400_000)

        assert record.result == ["ä" * 300_000, "x" * 400_000]
        assert (await scene.record(record.id)).result == record.result

    @shows(Engine.start)
    async def test_only_the_call_of_an_action_gets_the_value_of_a_connection(self, scene: EngineScene) -> None:
        """The store keeps the reference, and a mask in the output."""
        await scene.store.access.put_connection(scene.org, "api", "generic", {"token": "s3cret-value"})
        flow = await scene.workflow(call("a", output="{{ connections.api.token }}"))

        record = await scene.run(flow)

        assert [one.output for one in scene.probe.calls] == ["s3cret-value"]
        entry = await scene.node(record.id, "a")
        assert entry.input == {"output": "{{ connections.api.token }}"}
        assert "s3cret" not in f"{entry.output}{record.result}"

    @shows(Engine.start)
    async def test_a_message_is_published_once_per_node(self, scene: EngineScene) -> None:
        """Its idempotency key is the node's."""
        publish = {"id": "p", "action": "publish", "with": {"type": "Made", "data": {"n": "{{ TRIGGER }}"}}}
        flow = await scene.workflow(publish)

        record = await scene.run(flow, 7)

        [(key, made)] = scene.publications.made.items()
        assert key == f"{write_id('exec', record.id)}/p"
        assert (made.type, made.data, made.origin) == ("Made", {"n": 7}, "execution")

    @shows(Engine.start)
    async def test_an_execution_keeps_the_version_that_it_started_with(self, scene: EngineScene) -> None:
        """A publication in the meantime changes nothing."""
        flow = await scene.workflow(value("a", 1))
        await scene.stop()
        await scene.open_store()
        execution = await scene.accept(flow)
        await scene.publish(flow, value("a", 2))

        await scene.restart()

        assert (await scene.end(execution)).result == 1

    @shows(Engine.start)
    async def test_a_draft_runs_from_its_own_definition(self, scene: EngineScene) -> None:
        """It has version 0."""
        flow = await scene.workflow(value("a", 1))

        record = await scene.run(flow, version=0, definition={"nodes": [value("a", "draft")]})

        assert record.result == "draft"

    @shows(Engine.start)
    async def test_an_execution_of_a_deleted_workflow_is_broken_off(self, scene: EngineScene) -> None:
        """The store cancels it; a retry fails, and blames no node."""
        flow = await scene.workflow(call("a", hold=True), call("b", "a"))
        execution = await scene.begin(flow)
        await scene.probe.begun("a")
        await scene.store.workflows.delete(scene.org, flow.id)

        async def broken_off() -> bool:
            return not scene.probe.running

        await scene.until(broken_off, passing=1)
        assert (await scene.record(execution)).state == "cancelled"
        await scene.restart()
        await scene.engine.retry(scene.org, execution)

        assert (await scene.end(execution)).error == ExecutionError(None, "the workflow was deleted")
        assert scene.probe.names == ["a"]

    @shows(Engine.start)
    async def test_executions_with_the_same_serial_key_run_one_after_another(self, scene: EngineScene) -> None:
        """In the order in which they were accepted."""
        flow = await scene.workflow(call("a", name="n{{ TRIGGER }}"), call("b", "a", name="m{{ TRIGGER }}"))
        executions = [await scene.begin(flow, number, serial_key="same") for number in range(4)]

        await asyncio.gather(*map(scene.end, executions))

        assert scene.probe.names == ["n0", "m0", "n1", "m1", "n2", "m2", "n3", "m3"]

    @shows(Engine.start)
    async def test_a_workflow_runs_no_more_executions_at_once_than_it_allows(self, scene: EngineScene) -> None:
        """Slots are free, and still the others wait."""
        flow = await scene.workflow(call("a", name="n{{ TRIGGER }}", hold=True), concurrency=2)
        executions = [await scene.begin(flow, number, concurrency=2) for number in range(4)]

        ends = [asyncio.ensure_future(scene.end(one)) for one in executions]
        scene.probe.let("n0", "n1", "n2", "n3")
        await asyncio.gather(*ends)

        assert sorted(scene.probe.names) == ["n0", "n1", "n2", "n3"]
        assert scene.probe.most <= 2

    @shows(Engine.node_names)
    async def test_nodes_have_the_names_that_people_gave_them(self, scene: EngineScene) -> None:
        """Their ids otherwise; none once the version is gone."""
        flow = await scene.workflow(value("a", 1, name="First step"), value("b", 2))
        record = await scene.run(flow)

        assert await scene.engine.node_names(record) == {"a": "First step", "b": "b"}

        draft = await scene.run(flow, version=0, definition={"nodes": [{"id": "z", "action": "no.such.action"}]})
        assert await scene.engine.node_names(draft) == {}
