"""What the page for authors of stores shows is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "extend.md"
CHOSEN = "test_an_accepted_request_is_read_back_whole or test_processes_at_the_same_moment_find_each_others_duplicates"


def test_an_author_gets_the_conformance_suite_of_stores(tmp_path: Path) -> None:
    """With the core's store in the place of the author's: in this process, and imported by others."""
    [block] = re.findall(r"^```python\n(.*?StoreConformance.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    url = 'f"sqlite:///{folder}/other.db"'
    shown = block.replace('f"tidb://localhost/test_{folder.name}"', url)
    assert url in shown, "the page shows how to name a database"
    (tmp_path / "test_tidb.py").write_text(shown)
    (tmp_path / "hub_tidb.py").write_text(
        "from hub.store.parts import sql_store\n\n\ndef tidb_store(parts):\n    return sql_store(parts)\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", CHOSEN, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
