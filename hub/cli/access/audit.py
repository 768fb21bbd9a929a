"""`hub audit`: the audit log."""

from __future__ import annotations

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["audit"]


@click.command()
@click.option("--limit", default=50, show_default=True)
@json_option
def audit(limit: int, *, as_json: bool) -> None:
    """Show the audit log, newest first."""
    items = HubClient().call("GET", "/api/audit", query={"limit": str(limit)})["items"]
    if as_json:
        print_json(items)
        return
    rows = [(one["at"], one["key"], one["action"], one["target"], ", ".join(one["detail"]["fields"])) for one in items]
    print_table(("time", "key", "action", "target", "fields"), rows, empty="There are no entries.")
