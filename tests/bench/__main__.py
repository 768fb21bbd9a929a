"""`make bench`: every figure beside its baseline, taken in the same run. Never a gate of the tests.

`python -m tests.bench ingest` runs one part alone.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.bench.report import Report

PARTS = ("ingest", "executions", "flood", "deliveries", "fairness")


async def main(names: list[str]) -> None:
    """Measure the parts named, all of them unless any is."""
    console = Console(width=160 if not sys.stdout.isatty() else None)
    bars = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory() as directory, Progress(*bars, console=Console(stderr=True)) as progress:
        task = progress.add_task("measuring", total=None)
        report = Report(progress, task)
        for name in names or PARTS:
            progress.update(task, description=f"measuring {name}")
            part = importlib.import_module(f"tests.bench.{name}")
            await part.measure(Path(directory), report)
    report.print(console)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
