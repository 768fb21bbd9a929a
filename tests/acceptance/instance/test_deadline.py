"""Past the deadline a waiting sender gets 202 and a status URL instead of a cut connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.model.ids import read_id
from hub.testing.live import LiveHub, live_hub

NODES: list[dict[str, Any]] = [{"id": "nap", "action": "sleep", "with": {"seconds": 3600}}]


async def _late(hub: LiveHub, **source: Any) -> tuple[dict[str, Any], Any]:
    workflow = await hub.workflow(NODES, source=source)
    url = workflow["source"]["urls"]["tracecat" if source else "tracecat_wait"]
    answer = await hub.post(url, {})
    assert answer.status == 202
    return answer.json(), answer.headers


async def test_status_url_is_a_capability(tmp_path: Path) -> None:
    async with live_hub(tmp_path, wait_seconds=0.2) as hub:
        body, headers = await _late(hub)
        assert headers["Location"] == body["status_url"]
        status = await hub.send("GET", body["status_url"])
        assert (status.status, status.json()["state"]) == (200, "waiting")
        assert (await hub.send("GET", body["status_url"][:-1])).status == 403
        execution = read_id("exec", body["wf_exec_id"].rpartition("/")[2])
        org = hub.services.store.snapshot.org_named("default")
        assert execution is not None
        assert org is not None
        await hub.services.engine.cancel(org.id, execution)
        assert (await hub.send("GET", body["status_url"])).json()["state"] == "cancelled"


async def test_response_mode_past_the_deadline_gives_the_url_too(tmp_path: Path) -> None:
    async with live_hub(tmp_path, wait_seconds=0.2) as hub:
        body, _ = await _late(hub, response={"mode": "lastNode"})
        assert body["executionId"].startswith("exec-")
        assert (await hub.send("GET", body["statusUrl"])).json()["state"] == "waiting"
