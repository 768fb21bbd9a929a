"""A real hub with one of the example vendors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import hub
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import HubResponse, LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS


@dataclass(frozen=True)
class Served:
    """A workflow whose source is bound to the vendor."""

    hub: LiveHub
    workflow: dict[str, Any]

    @property
    def url(self) -> str:
        """The URL that is pasted into the vendor's console."""
        address: str = self.workflow["source"]["urls"]["tracecat"]
        return address

    async def send(
        self, body: bytes = b"", headers: Mapping[str, str] | None = None, *, method: str = "POST", query: str = ""
    ) -> HubResponse:
        """What the vendor is answered."""
        path = urlsplit(self.url).path
        return await self.hub.send(method, path + query, body, headers=headers or {})

    async def results(self) -> list[Any]:
        """The results of all executions, in the order in which they were accepted."""
        listed = await self.hub.api("GET", f"/api/executions?workflow={self.workflow['id']}")
        ended = [await self.hub.finished(one["id"]) for one in reversed(listed.json()["items"])]
        assert all(one["state"] == "succeeded" for one in ended)
        return [one["result"] for one in ended]


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Serves a hub with the example vendor of that name, installed as an entry point."""

    @asynccontextmanager
    async def start(name: str, *, source: Mapping[str, Any] = {}, **options: Any) -> AsyncIterator[Served]:
        point = EntryPoint(name, f"tests.vendors.examples.{name}:vendor", "hub")
        plugins = Plugins(
            version=hub.__version__, entry_points=[point], dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
        )
        nodes = [{"id": "seen", "action": "transform", "with": {"value": ["{{ trigger.type }}", "{{ TRIGGER }}"]}}]
        async with live_hub(tmp_path / "data", plugins=plugins, **options) as running:
            running.url = f"http://127.0.0.1:{running.services.settings.port}"
            yield Served(running, await running.workflow(nodes, source={"vendor": name, **source}))

    return start
