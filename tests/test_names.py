"""No two public classes share a name, and no folder of the hub holds more than fifteen files."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_FILES = 15


def public_classes(path: Path) -> list[str]:
    """Names of the classes of a module, those that begin with an underscore left out."""
    body = ast.parse(path.read_text()).body
    return [node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def test_no_two_public_classes_share_a_name() -> None:
    homes = defaultdict(list)
    for path in [*ROOT.glob("hub/**/*.py"), *ROOT.glob("plugins/*/hub_*/**/*.py")]:
        for name in public_classes(path):
            homes[name].append(str(path.relative_to(ROOT)))
    assert len(homes) > 300
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_no_folder_of_the_hub_holds_more_than_fifteen_files() -> None:
    counts = {
        str(folder.relative_to(ROOT)): len([path for path in folder.glob("*.py") if path.name != "__init__.py"])
        for folder in [ROOT / "hub", *ROOT.glob("hub/**/")]
    }
    assert len(counts) > 40
    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}
