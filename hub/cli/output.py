"""How the command line prints: tables for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

__all__ = ["console", "json_always", "json_option", "print_json", "print_table"]

F = TypeVar("F", bound=Callable[..., Any])


def console() -> Console:
    """Standard output; as wide as the terminal, or unbroken lines where nobody is watching."""
    return Console(width=None if sys.stdout.isatty() else 200, soft_wrap=not sys.stdout.isatty())


def json_option(function: F) -> F:
    """`-j`, `--json`: print JSON."""
    return click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")(function)


def json_always(function: F) -> F:
    """`-j`, `--json` where JSON is printed anyway, so that scripts need not know which commands have tables."""
    said = "Print JSON, which is done anyway."
    return click.option("-j", "--json", is_flag=True, expose_value=False, help=said)(function)


def print_json(value: Any) -> None:
    """A JSON value, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """A table, or the sentence `empty` where there are no rows."""
    rows = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    target = console()
    with target.capture() as printed:
        target.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())
