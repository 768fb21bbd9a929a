"""Write migration 0001 again from the tables, while no release has it: `python -m hub.store.migrations.regenerate`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from hub.store.migrations import configuration

__all__ = ["regenerate"]

_VERSIONS = Path(__file__).parent / "versions"


def regenerate() -> Path:
    """Replace `versions/0001_initial.py`; returns its path."""
    for old in _VERSIONS.glob("[0-9]*.py"):
        old.unlink()
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        command.revision(configuration(connection), "Every table", autogenerate=True, rev_id="0001")
    engine.dispose()
    [written] = _VERSIONS.glob("0001_*.py")
    path = written.rename(_VERSIONS / "0001_initial.py")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.strip().startswith("# ###")))
    for step in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, str(path)], check=False)  # noqa: S603 - our own tools
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{regenerate()}\n")
