"""`hub tail`: requests as they come in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.follow import new_requests
from hub.model.json import dumps

__all__ = ["tail"]


@click.command()
@click.option("--source", help="Id of a source.")
@click.option("--state", help="accepted, refused, held, challenge or duplicate.")
@click.option("-n", "--last", default=10, show_default=True, help="How many earlier ones to show first.")
@click.option("--every", default=1.0, show_default=True, metavar="SECONDS", help="How often to look.")
@click.option("--count", type=int, help="End after so many.")
@click.option("-j", "--json", "as_json", is_flag=True, help="One JSON object a line.")
def tail(source: str | None, state: str | None, last: int, every: float, count: int | None, *, as_json: bool) -> None:
    """Show requests live, refused ones with the reason. Ctrl-C ends it."""
    with suppress(KeyboardInterrupt):
        _show(new_requests(HubClient(), source=source, state=state, last=last, every=every), count, as_json=as_json)


def _show(found: Iterator[dict[str, Any]], count: int | None, *, as_json: bool) -> None:
    for shown, one in enumerate(found, 1):
        if as_json:
            click.echo(dumps(one).decode())
        else:
            reason = f"  {one['step']}: {one['reason']}" if one["reason"] else ""
            click.echo(f"{one['received']}  {one['state']:<9}  {one['method']} {one['url']}  {one['id']}{reason}")
        if shown == count:
            return
