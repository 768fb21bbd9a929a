"""The tutorial, carried out: files are written, commands run, and what is said to be printed is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.server import listen

PAGE = Path(__file__).parents[2] / "docs/tutorials/write-a-plugin.md"
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PIP = '''#!{python}
"""Unpacks wheels, which is what installing them comes to; nothing is fetched."""
import sys, zipfile
for one in sys.argv[2:]:
    zipfile.ZipFile(one).extractall({site!r})
'''


@dataclass(frozen=True)
class Block:
    kind: str
    about: str
    text: str


def blocks() -> Iterator[Block]:
    for kind, about, text in BLOCK.findall(PAGE.read_text()):
        yield Block(kind, about, text)


@dataclass
class Shell:
    """One terminal after another in the same directory, with the same exported variables."""

    folder: Path
    port: int

    def __post_init__(self) -> None:
        (self.folder / "bin").mkdir()
        (self.folder / "site").mkdir()
        (self.folder / "work").mkdir()
        pip = self.folder / "bin/pip"
        pip.write_text(PIP.format(python=sys.executable, site=str(self.folder / "site")))
        pip.chmod(0o755)
        (self.folder / "where").write_text(str(self.folder / "work"))
        (self.folder / "exported").touch()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "COV_"))}
        path = os.pathsep.join((str(self.folder / "bin"), str(Path(sys.executable).parent), kept["PATH"]))
        self.environment = {
            **kept,
            "PATH": path,
            "PYTHONPATH": str(self.folder / "site"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HUB_PORT": str(self.port),
            "HUB_DATA_DIR": str(self.folder / "data"),
        }

    @property
    def where(self) -> Path:
        return Path((self.folder / "where").read_text().strip())

    def script(self, text: str) -> list[str]:
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        keep = f"export -p > {self.folder}/exported; pwd > {self.folder}/where"
        return ["bash", "-euo", "pipefail", "-c", f"source {self.folder}/exported\ncd {self.where}\n{text}\n{keep}"]

    def run(self, text: str) -> str:
        done = subprocess.run(
            self.script(text),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}"
        return done.stdout

    def serve(self, text: str) -> subprocess.Popen[str]:
        text = text.replace("hub serve", "exec hub serve")
        server = subprocess.Popen(self.script(text), env=self.environment, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        assert "listens" in server.stdout.readline()
        return server


def assert_printed(expected: str, output: str) -> None:
    """Each line is printed, in this order; … stands for anything."""
    pattern = ".*".join(re.escape(line).replace("…", ".*") for line in expected.strip().splitlines())
    assert re.search(pattern, output, re.DOTALL), f"expected\n{expected}\nin\n{output}"


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    shell, output, server = Shell(tmp_path, port), "", None
    try:
        for block in blocks():
            if block.kind == "text":
                assert_printed(block.text, output)
            elif block.kind == "sh" and block.about == "serve":
                server = shell.serve(block.text)
            elif block.kind == "sh":
                output = shell.run(block.text)
            else:
                file = shell.where / block.about
                assert file.parent.is_dir(), f"{block.about} is written before its directory is there"
                file.write_text(block.text)
        assert (shell.where / "dist/hub_parcel-0.1.0-py3-none-any.whl").is_file()
    finally:
        if server is not None:
            server.terminate()
            server.communicate(timeout=60)


def test_the_code_of_the_tutorial_is_tidy(tmp_path: Path) -> None:
    for block in blocks():
        if block.kind == "python":
            file = tmp_path / block.about
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text)
    options = textwrap.dedent("""
        line-length = 120
        [lint]
        select = ["F", "E", "W", "I", "B", "UP", "D1", "ANN"]
        [lint.per-file-ignores]
        "tests/*" = ["D"]
        """)
    (tmp_path / "ruff.toml").write_text(options)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
