"""The examples prove that a vendor is little work: none is long, and none knows anything of the hub but its API."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.py"))
LINES = 25


def test_there_are_the_eight_that_were_promised() -> None:
    names = {path.stem for path in EXAMPLES}
    assert names == {"asana", "cloudevents", "discord", "graph", "sns", "stripe", "twilio", "zoom"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    """Lines of code: what it says of itself and blank lines do not count."""
    text = path.read_text(encoding="utf-8")
    begins = ast.parse(text).body[0].end_lineno or 0
    assert len([line for line in text.splitlines()[begins:] if line.strip()]) <= LINES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_imports_nothing_below_the_api(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
        assert not [name for name in names if name.startswith(("hub.", "hub_", "tests"))]
