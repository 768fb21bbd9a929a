"""`hub tail`: requests as they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.follow import RequestFollower
from hub.model.json import dumps

__all__ = ["tail"]


@click.command()
@click.option("--source", help="Only requests to this source.")
@click.option("--state", help="Only requests in this state: accepted, refused, held, challenge or duplicate.")
@click.option("-n", "--last", default=10, show_default=True, help="Begin with this many earlier requests.")
@click.option(
    "--every", default=1.0, show_default=True, metavar="SECONDS", help="Time between two checks for new requests."
)
@click.option("--count", type=int, help="Stop after this many requests.")
@click.option("-j", "--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def tail(source: str | None, state: str | None, last: int, every: float, count: int | None, *, as_json: bool) -> None:
    """Show requests as they arrive, refused ones with the reason, until Ctrl-C.

    Each request is shown once, also if the hub restarts meanwhile.
    """
    with suppress(KeyboardInterrupt):
        follower = RequestFollower(HubClient(), source=source, state=state, every=every)
        _show(follower.requests(last), count, as_json=as_json)


def _show(found: Iterator[dict[str, Any]], count: int | None, *, as_json: bool) -> None:
    for shown, one in enumerate(found, 1):
        if as_json:
            click.echo(dumps(one).decode())
        else:
            reason = f"  {one['step']}: {one['reason']}" if one["reason"] else ""
            click.echo(f"{one['received']}  {one['state']:<9}  {one['method']} {one['url']}  {one['id']}{reason}")
        if shown == count:
            return
