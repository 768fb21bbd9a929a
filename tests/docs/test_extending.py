"""What the page for authors of engines and stores shows is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "extend.md"
CHOSEN = "test_an_accepted_request_is_read_back_whole or test_processes_at_the_same_moment_find_each_others_duplicates"


def blocks(word: str) -> list[str]:
    """The examples of the page that contain a word."""
    found = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [block for block in found if word in block]


def run(folder: Path, chosen: str) -> str:
    """What pytest says of the chosen tests in a folder, all of which pass."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_author_gets_the_conformance_suite_of_engines(tmp_path: Path) -> None:
    """With the core's engine in the place of the author's: in this process, and imported by others."""
    [block] = blocks("EngineConformance")
    (tmp_path / "test_mine.py").write_text(block)
    (tmp_path / "hub_mine.py").write_text(
        "from hub.backends import embedded_engine\n\n\ndef mine(parts):\n    return embedded_engine(parts)\n"
    )

    said = run(tmp_path, "test_an_execution_runs_to_its_result or test_a_sleep_survives_a_kill")

    assert "2 passed" in said


def test_an_author_gets_the_conformance_suite_of_stores(tmp_path: Path) -> None:
    """With the core's store in the place of the author's: in this process, and imported by others."""
    [block] = blocks("StoreConformance")
    url = 'f"sqlite:///{folder}/other.db"'
    shown = block.replace('f"tidb://localhost/test_{folder.name}"', url)
    assert url in shown, "the page shows how to name a database"
    (tmp_path / "test_tidb.py").write_text(shown)
    (tmp_path / "hub_tidb.py").write_text(
        "from hub.store.parts import sql_store\n\n\ndef tidb_store(parts):\n    return sql_store(parts)\n"
    )

    assert "2 passed" in run(tmp_path, CHOSEN)
