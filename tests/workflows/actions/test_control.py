"""The actions that steer an execution."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from hub.errors import ActionFailed
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.effects import Publish, Respond, RunWorkflow, Sleep, carry_out

WORKFLOW = "wf_4itKqkgCZrLhgYiq5L211X"


async def run(name: str, **settings: Any) -> Any:
    """Runs a core action that needs no context."""
    action = CORE_ACTIONS[name]
    context: Any = None
    return await action.run(action.input.model_validate(settings), context)


def test_the_core_s_actions() -> None:
    assert set(CORE_ACTIONS) == {"transform", "http.request", "publish", "workflow.run", "sleep", "fail", "respond"}
    assert {name for name, action in CORE_ACTIONS.items() if action.pure} == {"transform", "fail"}
    assert all(action.name == name and action.summary for name, action in CORE_ACTIONS.items())


@pytest.mark.parametrize("name", CORE_ACTIONS)
def test_every_setting_is_described(name: str) -> None:
    schema = CORE_ACTIONS[name].input.model_json_schema()
    assert all("description" in field for field in schema["properties"].values())


@pytest.mark.parametrize("value", [None, [1], {"a": 2**70}, "x"])
async def test_transform_gives_its_value(value: Any) -> None:
    assert await run("transform", value=value) == value


async def test_fail_is_not_tried_again() -> None:
    with pytest.raises(ActionFailed, match="no luck") as caught:
        await run("fail", message="no luck")
    assert not caught.value.retryable


async def test_sleep_for_seconds_counts_from_the_node_s_start() -> None:
    effect = await run("sleep", seconds=1.5)
    assert effect == Sleep(seconds=1.5)
    assert effect.due(1_000_000) == 2_500_000
    assert effect.output(1_000_000) == {"until": "1970-01-01T00:00:02.500000+00:00"}


@pytest.mark.parametrize(
    "until", ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00", 1704067200]
)
async def test_sleep_until_a_time(until: Any) -> None:
    effect = await run("sleep", until=until)
    assert effect.due(5) == int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize("settings", [{}, {"seconds": 1, "until": "2024-01-01"}, {"seconds": -1}, {"until": "soon"}])
async def test_sleep_takes_exactly_one_of_its_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        await run("sleep", **settings)


async def test_respond_publish_and_workflow_run_leave_the_doing_to_the_engine() -> None:
    respond = await run("respond", status=201, headers={"X-A": "b"}, body={"ok": True})
    assert respond == Respond(201, {"X-A": "b"}, {"ok": True})
    assert respond.output() == {"status": 201, "headers": {"X-A": "b"}, "body": {"ok": True}}
    assert await run("respond") == Respond()
    assert await run("publish", type="a.b", data=1, client="c") == Publish("a.b", 1, "c", None)
    assert await run("workflow.run", workflow=WORKFLOW, data=1) == RunWorkflow(WORKFLOW, 1, wait=True)
    assert await run("workflow.run", workflow=WORKFLOW, wait=False) == RunWorkflow(WORKFLOW, None, wait=False)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("respond", {"status": 199}),
        ("respond", {"status": 600}),
        ("respond", {"headers": {"a b": "c"}}),
        ("respond", {"headers": {"a": "c\r\nset-cookie: x"}}),
        ("respond", {"headers": {"a": [1]}}),
        ("respond", {"headers": {"": "a"}}),
        ("publish", {"type": "", "data": 1}),
        ("publish", {"type": "a"}),
        ("workflow.run", {"workflow": "4itKqkgCZrLhgYiq5L211X"}),
        ("fail", {"message": ""}),
        ("transform", {}),
        ("transform", {"value": 1, "more": 2}),
    ],
)
async def test_settings_that_cannot_work_are_refused(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        await run(name, **settings)


class Recorder:
    """`EffectHandler` that says which service was asked."""

    async def sleep(self, effect: Sleep) -> str:
        return f"sleep {effect.seconds}"

    async def run_workflow(self, effect: RunWorkflow) -> str:
        return f"run {effect.workflow}"

    async def publish(self, effect: Publish) -> str:
        return f"publish {effect.type}"

    async def respond(self, effect: Respond) -> str:
        return f"respond {effect.status}"


async def test_an_effect_goes_to_its_service() -> None:
    sleep, run, publish, respond = Sleep(seconds=1), RunWorkflow("wf", None, wait=True), Publish("t", 1), Respond(204)
    effects: list[Sleep | RunWorkflow | Publish | Respond] = [sleep, run, publish, respond]
    done = [await carry_out(effect, Recorder()) for effect in effects]
    assert done == ["sleep 1", "run wf", "publish t", "respond 204"]
