"""Who may import whom: the contracts of pyproject.toml hold."""

from __future__ import annotations

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]


def test_arrows_run_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_plugins_import_nothing_below_hub() -> None:
    for path in ROOT.glob("plugins/*/hub_*/**/*.py"):
        for line in path.read_text().splitlines():
            assert not line.lstrip().startswith(("from hub.", "import hub.")), f"{path}: {line}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports for type checkers alone count, too."""
    graph = grimp.build_graph("hub", exclude_type_checking_imports=False, cache_dir=None)
    TopologicalSorter({name: graph.find_modules_directly_imported_by(name) for name in graph.modules}).prepare()
