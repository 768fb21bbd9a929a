"""What people install: sdist and wheel of the core and of each plugin hold what belongs in them, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from hub import __version__

ROOT = Path(__file__).parents[2]
PLUGINS = {f"hub-{path.parent.name}": path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))}
PROJECTS = {"integration-hub": ROOT, **PLUGINS}
PACKAGES = {name: "hub" if name == "integration-hub" else name.replace("-", "_") for name in PROJECTS}

SUFFIXES = {".css", ".html", ".json", ".mako", ".md", ".py", ".svg", ".txt", ".typed"}
"""Kinds of files that a package is made of."""

EVERYWHERE = {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
"""What a sdist holds beside the package; hatchling adds the last two."""

MUST = {
    "integration-hub": {
        "hub/py.typed",
        "hub/api/web/templates/docs.html",
        "hub/api/web/templates/docs.css",
        "hub/cli/plugins/template/pyproject.toml.txt",
        "hub/store/migrations/env.py",
        "hub/store/migrations/script.py.mako",
        "hub/store/migrations/versions/0001_initial.py",
    },
    "hub-okta": {"hub_okta/py.typed", "hub_okta/guide.md", "hub_okta/recorded/verification.json"},
    "hub-slack": {"hub_slack/py.typed", "hub_slack/guide.md", "hub_slack/recorded/url_verification.json"},
    "hub-github": {"hub_github/py.typed", "hub_github/guide.md", "hub_github/recorded/ping.json"},
    "hub-plextrac": {"hub_plextrac/py.typed", "hub_plextrac/guide.md", "hub_plextrac/catalog/events.json"},
}


@dataclass(frozen=True)
class Built:
    """The two archives of a project.

    Attributes:
        sdist: Names inside, without the folder at the top.
        wheel: Names inside.
    """

    path: Path
    sdist: frozenset[str]
    wheel: frozenset[str]
    metadata: Message


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(
        [str(one) for one in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(project: Path, out: Path) -> Built:
    """Build a sdist, and the wheel from it."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, project, cwd=out)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    with tarfile.open(sdist) as archive:
        files = (PurePosixPath(one.name) for one in archive.getmembers() if one.isfile())
        inside = frozenset(str(PurePosixPath(*file.parts[1:])) for file in files)
    with zipfile.ZipFile(wheel) as archive:
        names = frozenset(archive.namelist())
        described = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(described).decode())
    return Built(wheel, inside, names, metadata)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Built]:
    """Every project, built once."""
    return {name: build(project, tmp_path_factory.mktemp(name)) for name, project in PROJECTS.items()}


def files_of(project: Path, package: str) -> set[str]:
    """The files of a package in the source tree."""
    found = (path for path in (project / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(project).as_posix() for path in found}


def test_there_are_four_plugins() -> None:
    assert set(PLUGINS) == {"hub-okta", "hub-slack", "hub-github", "hub-plextrac"}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_holds_the_package_its_licence_and_nothing_else(built: Mapping[str, Built], name: str) -> None:
    info = f"{name.replace('-', '_')}-{__version__}.dist-info/"
    inside = {one for one in built[name].wheel if not one.startswith(info)}
    assert inside == files_of(PROJECTS[name], PACKAGES[name])
    assert {PurePosixPath(one).suffix for one in inside} <= SUFFIXES
    assert inside >= MUST[name]
    assert f"{info}licenses/LICENSE" in built[name].wheel


@pytest.mark.parametrize("name", PROJECTS)
def test_a_sdist_holds_the_package_the_papers_and_a_plugins_tests(built: Mapping[str, Built], name: str) -> None:
    package = PACKAGES[name]
    tests = files_of(PROJECTS[name], "tests") if name != "integration-hub" else set()
    assert built[name].sdist == files_of(PROJECTS[name], package) | tests | EVERYWHERE


@pytest.mark.parametrize("name", PROJECTS)
def test_the_metadata_say_what_is_needed(built: Mapping[str, Built], name: str) -> None:
    metadata = built[name].metadata
    assert (metadata["Name"], metadata["Version"]) == (name, __version__)
    assert (metadata["License-Expression"], metadata["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    requirements = metadata.get_all("Requires-Dist") or []
    assert not [one for one in requirements if "@" in one or "pytest" in one]
    if name in PLUGINS:
        assert "integration-hub<0.2,>=0.1" in requirements
    assert str(metadata.get_payload()).strip()


def test_the_licence_is_the_same_everywhere() -> None:
    assert len({(project / "LICENSE").read_bytes() for project in PROJECTS.values()}) == 1


EVERY_MODULE = """
import importlib, json, pkgutil, sys
names = sys.argv[1:]
files = {}
for name in names:
    package = importlib.import_module(name)
    for one in pkgutil.walk_packages(package.__path__, name + "."):
        if not one.name.endswith(("__main__", "migrations.env")):
            files[one.name] = importlib.import_module(one.name).__file__
print(json.dumps(files))
"""


def test_the_wheels_work_where_only_they_are_installed(built: Mapping[str, Built], tmp_path: Path) -> None:
    """In an environment of its own that borrows the requirements: every module imports, `hub` runs and migrates."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    wheels = [one.path for one in built.values()]
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", *wheels, cwd=tmp_path)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(sorted(borrowed)))

    imported = json.loads(run(python, "-c", EVERY_MODULE, *PACKAGES.values(), cwd=tmp_path))
    assert len(imported) > 200
    assert [name for name, file in imported.items() if not Path(file).is_relative_to(site)] == []

    hub = home / "bin" / "hub"
    assert run(hub, "--version", cwd=tmp_path) == f"hub, version {__version__}\n"
    shown = json.loads(run(hub, "plugins", "--json", cwd=tmp_path, HUB_URL="http://127.0.0.1:9"))
    assert {one["name"]: one["status"] for one in shown} == dict.fromkeys(
        ("github", "okta", "plextrac", "slack"), "active"
    )
    assert "export HUB_API_KEY=" in run(hub, "init", cwd=tmp_path)
    assert (tmp_path / "data" / "hub.db").is_file()
