"""A group of commands with complete help."""

from __future__ import annotations

import click

__all__ = ["Group"]

_WHOLE = 1_000


class Group(click.Group):
    """A group whose help has the whole first sentence of each command, on several lines if needed."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the name and the first sentence of each command."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, one.get_short_help_str(_WHOLE)) for name, one in found if one is not None and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
