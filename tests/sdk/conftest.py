"""Packages for the tests of what plugin authors meet."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Package = Callable[[dict[str, Any]], str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """A package that holds the given files; gives its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(files: dict[str, Any]) -> str:
        for name, content in {"__init__.py": "", **files}.items():
            file = tmp_path / "cataloged" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content))
        importlib.invalidate_caches()
        return "cataloged"

    yield write
    sys.modules.pop("cataloged", None)
