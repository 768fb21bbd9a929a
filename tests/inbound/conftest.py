"""A hub with the probe as its one plugin, shared by the tests of a module."""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import EntryPoint

import pytest
import pytest_asyncio

import hub as hub_api
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import live_hub
from hub.workflows.actions import CORE_ACTIONS
from tests.inbound.probe import Probe, Steps


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Tests that share a hub run in its event loop."""
    for item in items:
        if "steps" in getattr(item, "fixturenames", ()) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Steps]:
    """A hub over a real file, whose steps are taken one by one."""
    module = types.ModuleType("hub_probe")
    probe = vars(module)["plugin"] = Probe()
    sys.modules["hub_probe"] = module
    plugins = Plugins(
        version=hub_api.__version__,
        entry_points=[EntryPoint("probe", "hub_probe:plugin", "hub")],
        dialects=CORE_DIALECTS,
        actions=CORE_ACTIONS.values(),
    )
    async with live_hub(tmp_path_factory.mktemp("steps") / "data", plugins=plugins) as hub:
        yield Steps(hub, probe, hub.services.pipeline._parts)
    del sys.modules["hub_probe"]


@pytest.fixture
def steps(running: Steps) -> Steps:
    """The steps, with a probe that does nothing unless the test says so."""
    vars(running.probe).update(vars(Probe()))
    return running
