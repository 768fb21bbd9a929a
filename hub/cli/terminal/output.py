"""Printing tables for people and JSON for programs."""

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

_WHOLE = 27
_NARROW = 16


def console() -> Console:
    """Standard output: as wide as the terminal, or with unbroken lines if it is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else 200, soft_wrap=not sys.stdout.isatty())


def json_option(function: F) -> F:
    """Add the option `--json` (`-j`)."""
    return click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON.")(function)


def json_always(function: F) -> F:
    """Accept `--json` (`-j`) on a command that always prints JSON, so that scripts may always pass it."""
    return click.option(
        "-j", "--json", is_flag=True, expose_value=False, help="Has no effect: this command always prints JSON."
    )(function)


def print_json(value: Any) -> None:
    """Print a JSON value, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """Print a table, or the sentence `empty` if there are no rows.

    Ids and times are never wrapped, so that they can be copied, even if the terminal is too narrow for the table.
    """
    rows = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not rows:
        click.echo(empty)
        return
    whole = [all(len(row[place]) <= _WHOLE and " " not in row[place] for row in rows) for place in range(len(columns))]
    longest = [max(len(name), *(len(row[place]) for row in rows)) for place, name in enumerate(columns)]
    least = [size if one else min(size, _NARROW) for one, size in zip(whole, longest, strict=True)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, one, size in zip(columns, whole, least, strict=True):
        table.add_column(name, overflow="fold", no_wrap=one, min_width=size)
    for row in rows:
        table.add_row(*row)
    target = console()
    target.width = max(target.width, sum(least) + 2 * len(least))
    with target.capture() as printed:
        target.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())
