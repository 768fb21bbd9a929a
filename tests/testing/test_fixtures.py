"""The fixtures that authors get with the hub."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from hub import Request, Secret, Source
from hub.testing import fixtures
from hub.testing.live import LiveHub


def test_a_request_is_made_from_what_a_test_cares_about(hub_request: Callable[..., Request]) -> None:
    request = hub_request(b"{}", [("x-a", "1"), ("X-A", "2")], query="a=1", method="PUT")
    assert (request.method, request.raw_query, request.headers.all("x-a")) == ("PUT", "a=1", ("1", "2"))
    assert request.received.tzinfo is not None


def test_a_source_holds_secrets_in_slots(hub_source: Callable[..., Source]) -> None:
    source = hub_source("text", b"bytes", Secret("sec_9", "other", b"x"))
    assert [one.value for one in source.secrets()] == [b"text", b"bytes"]
    assert [one.id for one in source.secrets("other")] == ["sec_9"]


async def test_a_hub_is_served(hub_server: Callable[..., AbstractAsyncContextManager[LiveHub]]) -> None:
    async with hub_server() as hub:
        assert (await hub.send("GET", "/healthz")).status == 200


def test_the_plugin_is_loaded_without_the_application() -> None:
    code = "import sys, hub.testing.fixtures as _; print([one for one in sys.modules if one in ({!r}, {!r})])".format(
        "hub.app", "quart"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_remarks_are_printed_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "test_acme.py").write_text(
        "from hub import Event, Token, Vendor\n"
        "from hub.testing import VendorContract\n"
        "class TestContract(VendorContract):\n"
        "    vendor = Vendor(name='acme', title='Acme', verify=Token(header='x'), read=lambda request, source: [])\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path), "--rootdir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout
    assert "hub vendor contract: remarks" in done.stdout
    assert "acme: no recorded request is signed, so coverage was not tried" in done.stdout


def test_names_of_the_kit_are_found_when_asked_for() -> None:
    import hub.testing

    assert all(getattr(hub.testing, name) is not None for name in hub.testing.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = hub.testing.nonsense
    assert set(fixtures.__all__) >= {"hub_request", "hub_source", "hub_server"}
