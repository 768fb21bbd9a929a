"""Secrets of connections: resolved for the call alone, masked in all that it leaves behind."""

from __future__ import annotations

from hub.model.json import dumps
from tests.engine.conftest import Rig
from tests.narrowing import present

MASK = "********"

SECRET = "s3cr3t-t0ken-value"


async def connected(rig: Rig) -> None:
    await rig.store.access.put_connection(rig.org, "api", "token", {"token": SECRET, "user": "somebody"})


async def test_an_action_gets_the_value_and_the_journal_the_reference(rig: Rig) -> None:
    await connected(rig)
    flow = await rig.workflow(
        {
            "id": "a",
            "with": {"name": "Bearer {{ connections.api.token }}", "output": {"said": "{{ connections.api.token }}"}},
        },
        {"id": "b", "needs": ["a"], "action": "transform", "with": {"value": "{{ nodes.a.output.said }}"}},
    )
    record = await rig.run(flow)
    assert rig.probe.names == [f"Bearer {SECRET}"], "the action has the secret"
    journal = await rig.journal(record.id)
    assert journal["a", -1].input["name"] == "Bearer {{ connections.api.token }}"
    assert journal["a", -1].output == {"said": MASK}
    assert record.result == MASK
    assert SECRET.encode() not in dumps([str(journal), str(await rig.record(record.id))])


async def test_an_error_message_does_not_tell_the_secret(rig: Rig) -> None:
    await connected(rig)
    flow = await rig.workflow({"id": "a", "with": {"name": "{{ connections.api.token }}", "fails": 1}})
    record = await rig.run(flow)
    assert present(record.error).message == f"{MASK} said no"


async def test_a_connection_that_is_not_there_fails_the_node(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "retry": {}, "with": {"name": "{{ connections.none.token }}"}})
    assert "no connection named 'none'" in present((await rig.run(flow)).error).message
    await connected(rig)
    other = await rig.workflow({"id": "a", "with": {"name": "{{ connections.api.nothing }}"}})
    assert "has no field 'nothing'" in present((await rig.run(other)).error).message


async def test_a_connection_changed_meanwhile_is_used_as_it_is_now(rig: Rig) -> None:
    await connected(rig)
    flow = await rig.workflow(
        {"id": "a", "retry": {"initial_seconds": 60}, "with": {"name": "{{ connections.api.token }}", "fails": 1}}
    )
    execution = await rig.begin(flow)
    await rig.until(execution, "waiting")
    await rig.store.access.put_connection(rig.org, "api", "token", {"token": "another-token"})
    rig.clock.advance(61)
    await rig.until_calls(2)
    assert rig.probe.names == [SECRET, "another-token"]
