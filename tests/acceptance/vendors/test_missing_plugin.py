"""A plugin that was active and is gone: the hub starts, warns, answers its sources 503 and keeps what they are sent."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

from structlog.testing import capture_logs

import hub
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import live_hub
from hub.workflows.actions import CORE_ACTIONS


class Installed(EntryPoint):
    """An entry point of a distribution."""

    dist = type("Dist", (), {"name": "hub-cloudevents", "version": "1.2", "requires": ()})()


def plugins(*names: str) -> Plugins:
    points = [Installed(name, f"tests.vendors.examples.{name}:vendor", "hub") for name in names]
    return Plugins(version=hub.__version__, entry_points=points, dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values())


async def test_its_sources_answer_503_and_keep_the_request(tmp_path: Path) -> None:
    async with live_hub(tmp_path, plugins=plugins("cloudevents")) as running:
        made = await running.workflow(source={"vendor": "cloudevents", "signing_secrets": ["t"]})
    path = made["source"]["urls"]["tracecat"].partition("/webhooks/")[2]
    with capture_logs() as logs:
        async with live_hub(tmp_path, plugins=plugins()) as running:
            answer = await running.post(f"/webhooks/{path}", {"kept": True})
            assert answer.status == 503
            assert "Retry-After" in answer.headers
    [warning] = [one for one in logs if one["event"] == "a plugin that was active is not installed"]
    assert (warning["plugin"], warning["version"], warning["sources"]) == ("cloudevents", "1.2", 1)
    assert warning["log_level"] == "warning"

    with capture_logs() as logs:
        async with live_hub(tmp_path, plugins=plugins("cloudevents")) as running:
            [kept] = (await running.api("GET", f"/api/requests?source={made['source']['id']}")).json()["items"]
            assert (kept["state"], kept["status"]) == ("refused", 503)
            assert "missing" in kept["reason"]
    assert not [one for one in logs if one["event"] == "a plugin that was active is not installed"]


async def test_one_that_was_switched_off_is_not_missed(tmp_path: Path) -> None:
    async with live_hub(tmp_path, plugins=plugins("cloudevents")) as running:
        assert (await running.api("POST", "/api/plugins/cloudevents/disable")).status == 200
    with capture_logs() as logs:
        async with live_hub(tmp_path, plugins=plugins()):
            pass
    assert not [one for one in logs if one["event"] == "a plugin that was active is not installed"]
