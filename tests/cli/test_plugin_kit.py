"""`hub plugins new`, `check` and `freeze`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Projects that a test has made are importable in that test only."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.partition(".")[0].startswith("hub_made"):
            del sys.modules[name]


def hub(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=directory, capture_output=True, text=True, check=False, timeout=120
    )


def made(tmp_path: Path, name: str = "made", *options: str) -> Path:
    said = hub("plugins", "new", name, "--in", tmp_path, *options)
    assert said.exit_code == 0, said.output
    return tmp_path / f"hub-{name}"


def test_a_new_plugin_passes_its_own_tests_and_is_gold(tmp_path: Path) -> None:
    project = made(tmp_path, "made-crm", "--title", "Made CRM")
    tests = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert tests.returncode == 0, tests.stdout
    assert " passed" in tests.stdout
    said = hub("plugins", "check", project, "--level", "gold")
    assert said.exit_code == 0, said.output
    assert "hub-made-crm 0.1.0, vendor made-crm: gold" in said.output


def test_a_new_plugin_is_typed_and_tidy(tmp_path: Path) -> None:
    project = made(tmp_path)
    for command in (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy", "hub_made")):
        said = run(project, *command)
        assert said.returncode == 0, said.stdout


def test_a_name_that_no_vendor_can_have_is_refused(tmp_path: Path) -> None:
    assert hub("plugins", "new", "Acme!", "--in", tmp_path).exit_code == 2
    made(tmp_path)
    said = hub("plugins", "new", "made", "--in", tmp_path)
    assert said.exit_code == 1
    assert "exists already" in said.output


def test_what_is_missing_for_the_next_level_is_said(tmp_path: Path) -> None:
    project = made(tmp_path, "made-poor")
    package = project / "hub_made_poor"
    (package / "py.typed").unlink()
    (package / "guide.md").write_text("Good luck.")
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(text.replace(",<0.2", "").replace('name = "hub-made-poor"', 'name = "x"'))
    said = hub("plugins", "check", project, "--level", "silver")
    assert said.exit_code == 1
    assert "vendor made-poor: bronze" in said.output
    assert "the guide does not say where to paste {url}" in said.output
    assert "upper bound" in said.output
    assert "name it 'hub-made-poor', where people look for it" in said.output
    assert "py.typed" in said.output
    view = json.loads(hub("plugins", "check", project, "-j").output)
    [vendor] = view["vendors"]
    assert (vendor["level"], vendor["next"], len(vendor["missing"])) == ("bronze", "silver", 3)


def test_an_unsafe_plugin_is_below_bronze(tmp_path: Path) -> None:
    project = made(tmp_path, "made-open")
    file = project / "hub_made_open" / "__init__.py"
    rule = "def anybody(request, source):\n    return Secret('1', 'signing', b'x')\n\n\nvendor = Vendor("
    text = file.read_text().replace("Catalog, Hmac, Vendor", "Catalog, Check, Secret, Vendor")
    text = text.replace('Hmac(header="x-made-open-signature", prefix="sha256=")', "Check(anybody, covers='all')")
    file.write_text(text.replace("vendor = Vendor(", rule, 1))
    sender = "def signed(recording, secrets, at, url):\n    return recording\n"
    (project / "hub_made_open" / "sender.py").write_text(sender)
    said = hub("plugins", "check", project)
    assert said.exit_code == 1
    assert "below bronze" in said.output
    assert "without a valid proof" in said.output


def test_a_plugin_that_does_not_load_says_why(tmp_path: Path) -> None:
    project = made(tmp_path, "made-broken")
    (project / "hub_made_broken" / "events.py").write_text("raise OSError('out of order')\n")
    said = hub("plugins", "check", project)
    assert said.exit_code == 1
    assert "does not load: import failed: OSError: out of order" in said.output


@pytest.mark.parametrize("plugin", ["okta", "plextrac"])
def test_what_is_shipped_is_gold(plugin: str) -> None:
    said = hub("plugins", "check", plugin, "--level", "gold")
    assert said.exit_code == 0, said.output


def test_an_unknown_plugin_and_a_directory_without_one_are_refused(tmp_path: Path) -> None:
    said = hub("plugins", "check", "nobody")
    assert said.exit_code == 1
    assert "installed: " in said.output
    assert "cannot be read" in hub("plugins", "check", f"{tmp_path}/").output
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert "names 0 entry points" in hub("plugins", "check", tmp_path).output


def test_freeze_pins_the_core_and_every_plugin() -> None:
    lines = hub("plugins", "freeze").output.splitlines()
    assert lines[0] == f"integration-hub=={version('integration-hub')}"
    assert f"hub-okta=={version('hub-okta')}" in lines
    assert lines[1:] == sorted(lines[1:])
