"""Rows of figures, printed as a table at the end."""

from __future__ import annotations

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

__all__ = ["Report"]


class Report:
    """Collects rows while a progress bar shows that something happens."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._rows: list[tuple[str, str, str, str]] = []

    def step(self, steps: float = 1) -> None:
        """One more turn is done."""
        self._progress.advance(self._task, steps)

    def row(self, what: str, figure: str, ratio: str, more: str) -> None:
        """One line of the table."""
        self._rows.append((what, figure, ratio, more))

    def print(self, console: Console) -> None:
        """The table."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("what", "figure", "beside the baseline", "more"):
            table.add_column(column, overflow="fold")
        for row in self._rows:
            table.add_row(*row)
        console.print(table)
