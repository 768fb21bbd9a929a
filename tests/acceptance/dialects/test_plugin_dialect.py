"""A dialect that a plugin brings works like the hub's own, and goes when the plugin goes."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import hub as hub_api
from hub import Dialect, DialectRoute, DialectTarget, ParsedBody, Registry, Reply, Values, hookimpl
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import live_hub
from hub.workflows.actions import CORE_ACTIONS
from tests.acceptance.settling import written


def _target(params: Mapping[str, str], _query: Values[str]) -> DialectTarget:
    return DialectTarget(workflow=params["flow"], secret=params["key"])


ZAP = Dialect(
    name="zap",
    title="Zap",
    routes=(DialectRoute("/hooks/catch/<flow>/<key>/", ("POST",)),),
    target=_target,
    slot="shared_key",
    parse=lambda request: ParsedBody((request.json(),)),
    accepted=lambda receipt: Reply(200, {"status": "success", "started": len(receipt.started)}),
    refused=lambda refusal: Reply(refusal.status, {"status": "error"}),
    urls={"zap": "{base}/hooks/catch/{workflow}/{key}/"},
)


def failing(_told: Any) -> Any:
    raise KeyError("what the author forgot")


BAD: dict[str, Any] = {
    "raises": failing,
    "nothing": lambda _told: None,
    "text": lambda _told: "ok",
    "body": lambda _told: Reply(200, object()),
    "header": lambda _told: Reply(200, headers={"x-a": 1}),  # type: ignore[dict-item] # the fault in question
    "media-type": lambda _told: Reply(200, "a", media_type="a\r\nb: c"),
}


def careless(name: str) -> Dialect:
    """A dialect whose answers to what is accepted cannot be sent."""
    paths = (f"/bad-{name}/<flow>/<key>", f"/bad-{name}/<flow>/<key>/wait")
    routes = (DialectRoute(paths[0], ("POST",)), DialectRoute(paths[1], ("POST",), "wait"))
    return replace(
        ZAP,
        name=f"bad-{name}",
        routes=routes,
        accepted=BAD[name],
        waited=BAD[name],
        urls={f"bad-{name}": f"{{base}}/bad-{name}/{{workflow}}/{{key}}"},
    )


@pytest.fixture
def plugins() -> Iterator[Plugins]:
    module = types.ModuleType("hub_zap")

    class Zap:
        @hookimpl
        def hub_register(self, registry: Registry) -> None:
            registry.dialect(ZAP)
            for name in BAD:
                registry.dialect(careless(name))

    vars(module)["plugin"] = Zap()
    sys.modules["hub_zap"] = module
    point = EntryPoint("zap", "hub_zap:plugin", "hub")
    yield Plugins(
        version=hub_api.__version__, entry_points=[point], dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )
    del sys.modules["hub_zap"]


async def test_a_plugins_dialect(tmp_path: Path, plugins: Plugins) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        workflow = await hub.workflow(source={"shared_key": "zap-key-1"})
        url = workflow["source"]["urls"]["zap"]
        assert url.endswith(f"/hooks/catch/{workflow['id']}/zap-key-1/")
        answer = await hub.post(url, {"a": 1})
        assert (answer.status, answer.json()) == (200, {"status": "success", "started": 1})
        wrong: Any = await hub.post(url.replace("zap-key-1", "zap-key-2"), {})
        assert (wrong.status, wrong.json()) == (401, {"status": "error"})
        assert b"zap-key-1" not in (await hub.api("GET", "/api/requests")).body
        await hub.api("POST", "/api/plugins/zap/disable")
        assert (await hub.post(url, {})).status == 503
        await hub.api("POST", "/api/plugins/zap/enable")
        assert (await hub.post(url, {})).status == 200


async def test_an_accepted_request_gets_an_empty_success_where_the_dialect_fails(
    tmp_path: Path, plugins: Plugins
) -> None:
    async with live_hub(tmp_path / "data", plugins=plugins) as hub:
        urls = (await hub.workflow(source={"shared_key": "zap-key-1"}))["source"]["urls"]
        for name in BAD:
            for path in ("", "/wait"):
                answer = await hub.post(urls[f"bad-{name}"] + path, {"a": 1})
                assert (answer.status, answer.body) == (200, b""), (name, path)
        await written(hub)
        kept = (await hub.api("GET", "/api/requests?limit=200")).json()["items"]
        assert len(kept) == 2 * len(BAD)
        assert all("plugin zap" in one["reason"] and one["state"] == "accepted" for one in kept)
