"""The pytest plugin `hub`: fixtures for plugin authors, and the contract's remarks at the end of a run.

It is loaded by every pytest run where the hub is installed, so nothing is imported before a fixture is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hub.model.wire.request import Request
    from hub.sdk.context import Source
    from hub.testing.live import LiveHub

pytest.register_assert_rewrite("hub.testing.conformance")  # its tests show what they compared

__all__ = ["hub_request", "hub_server", "hub_source", "pytest_terminal_summary"]


@pytest.fixture(scope="session")
def hub_request() -> Callable[..., Request]:
    """Makes requests as the hub passes them to a vendor's functions: see `hub.testing.requests.new_request`."""
    from hub.testing.requests import new_request

    return new_request


@pytest.fixture(scope="session")
def hub_source() -> Callable[..., Source]:
    """Makes sources as the hub passes them to a vendor's functions: see `hub.testing.requests.new_source`."""
    from hub.testing.requests import new_source

    return new_source


@pytest.fixture
def hub_server(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[LiveHub]]:
    """Makes a context manager that serves a hub with the installed plugins."""
    from hub.testing.live import live_hub

    def serve(**settings: Any) -> AbstractAsyncContextManager[LiveHub]:
        return live_hub(tmp_path / "hub-data", **settings)

    return serve


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the remarks of the contract."""
    contract = sys.modules.get("hub.testing.contract")
    remarks = dict.fromkeys(getattr(contract, "REMARKS", ()))
    if remarks:
        terminalreporter.section("hub vendor contract: remarks")
        for remark in remarks:
            terminalreporter.line(remark)
