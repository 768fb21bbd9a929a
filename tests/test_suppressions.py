"""Every `noqa` and `type: ignore` names its rules and says why on the line."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("hub", "plugins", "tests")

SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|mypy:|ruff:|pragma:\s*no cover)")
REASONED = re.compile(
    r"#\s*(?:(?:ruff:\s*)?noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[a-z-]+(?:,\s*[a-z-]+)*\])\s+(?:-{1,2}|#)\s+\w.*"
)


def bare(text: str) -> Iterator[str]:
    """The comments of a module that silence a check without naming the rule or the reason."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and SUPPRESSION.search(token.string) and not REASONED.search(token.string):
            yield f"line {token.start[0]}: {token.string}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_suppression_has_its_reason(folder: str) -> None:
    modules = [path for base in ROOT.glob(folder) for path in base.rglob("*.py")]
    assert modules
    found = [f"{path.relative_to(ROOT)} {one}" for path in modules for one in bare(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("x = 1  # noqa: A002 - the name that the port has", False),
        ("x = 1  # type: ignore[arg-type, misc] # frozen: the attempt is the test", False),
        ("x = 1  # noqa: PLR0913, PLR0917 -- a row of the table", False),
        ("x = 1  # noqa", True),
        ("x = 1  # noqa: A002", True),
        ("x = 1  # noqa: A002 -", True),
        ("x = 1  # type: ignore # it is so", True),
        ("x = 1  # type: ignore[misc]", True),
        ("# ruff: noqa: PLR0915 - one migration makes every table", False),
        ("# ruff: noqa", True),
        ("# mypy: ignore-errors", True),
        ("x = '# noqa'", False),
    ],
)
def test_what_counts_as_a_reason(line: str, refused: bool) -> None:
    assert bool(list(bare(line + "\n"))) is refused
