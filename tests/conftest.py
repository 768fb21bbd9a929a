"""Requests, sources, messages and installed distributions, as plugin authors meet them."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings

from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.model.wire.values import Values
from hub.sdk.context import Source
from tests.hanging import pytest_runtest_makereport

__all__ = ["pytest_runtest_makereport"]

LONG = 3_600
"""Seconds that a soak test may take; what is no soak test has the limit of pyproject.toml."""

# A hub that serves inside the test process logs beside what a command prints, as `hub serve` does: to standard error.
structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.__stderr__))

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # how long an example takes says something about the machine only

MOMENT = 1_767_225_600
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Give soak tests a limit of their own; run tests that share a hub in the event loop of that hub."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if item.get_closest_marker("soak") is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LONG))


@dataclass(frozen=True)
class Sent:
    """A message as `Scheme.sign` sees it."""

    body: bytes = b"{}"
    id: str = "msg_1"
    type: str = "order.created"
    url: str = "https://receiver.example/hook?a=1"
    at: datetime = NEW_YEAR


@pytest.fixture(scope="session")
def make_request() -> Callable[..., Request]:
    """A request from body and headers, received at a moment in seconds."""

    def make(
        body: bytes = b"{}",
        headers: Headers = (),
        *,
        url: str = "https://receiver.example/hook?a=1",
        at: float = MOMENT,
        client: str = "203.0.113.7",
    ) -> Request:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return Request(
            id="req_1",
            method="POST",
            client=client,
            body=body,
            headers=Values(pairs, caseless=True),
            url=url,
            received=datetime.fromtimestamp(at, UTC),
        )

    return make


@pytest.fixture(scope="session")
def make_source() -> Callable[..., Source]:
    """A source with secrets in one slot."""

    def make(*values: bytes, slot: str = "signing", label: str | None = None) -> Source:
        secrets = tuple(Secret(f"sec_{number}", slot, value, label) for number, value in enumerate(values))
        return Source("src_1", "https://receiver.example/hook", None, secrets)

    return make


@pytest.fixture(scope="session")
def make_message() -> Callable[..., Sent]:
    """An outgoing message."""
    return Sent


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Installs a distribution as pip would lay it out: module and dist-info on the path; gives the module's file."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def write(
        distribution: str,
        points: Mapping[str, str],
        code: str,
        *,
        module: str | None = None,
        version: str = "1.0",
        requires: Iterable[str] = (),
    ) -> Path:
        name = distribution.replace("-", "_")
        folder = site / f"{name}-{version}.dist-info"
        folder.mkdir()
        required = "".join(f"Requires-Dist: {one}\n" for one in requires)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{required}")
        lines = "".join(f"{point} = {value}\n" for point, value in points.items())
        (folder / "entry_points.txt").write_text(f"[hub]\n{lines}")
        package = site / (module or name)
        package.mkdir(exist_ok=True)
        file = package / "__init__.py"
        file.write_text(textwrap.dedent(code))
        importlib.invalidate_caches()
        written.append(package.name)
        return file

    written: list[str] = []
    yield write
    for name in written:
        for loaded in [one for one in sys.modules if one.partition(".")[0] == name]:
            del sys.modules[loaded]
