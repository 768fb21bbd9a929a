"""`hub listen`: forward requests of a source, byte for byte, to a local address."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
import click
from yarl import URL

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.follow import RequestFollower

__all__ = ["listen"]

_HOP = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"}
)


@click.command()
@click.option("--forward-to", "target", required=True, metavar="URL", help="Address to send each request to.")
@click.option("--source", help="Only requests to this source.")
@click.option("--state", default="accepted", show_default=True, help="Only requests in this state.")
@click.option("-n", "--last", default=0, help="Begin with this many earlier requests.")
@click.option(
    "--every", default=0.5, show_default=True, metavar="SECONDS", help="Time between two checks for new requests."
)
@click.option("--count", type=int, help="Stop after this many requests.")
def listen(target: str, source: str | None, state: str, last: int, every: float, count: int | None) -> None:
    """Forward requests to a local address with their exact bodies and headers, including signatures.

    The query of each request is appended to URL. Credentials such as Authorization, API keys and URL secrets are
    forwarded as fingerprints, because the hub does not store them.
    """
    client = HubClient()
    click.echo(f"forwarding to {target}; stop with Ctrl-C", err=True)
    with suppress(KeyboardInterrupt):
        follower = RequestFollower(client, source=source, state=state, every=every)
        _forward_all(client, target, follower, last, count)


def _forward_all(client: HubClient, target: str, follower: RequestFollower, last: int, count: int | None) -> None:
    for forwarded, one in enumerate(follower.requests(last), 1):
        request = follower.patiently(partial(client.call, "GET", f"/api/requests/{one['id']}"))
        click.echo(f"{one['id']}  {request['method']} {request['url']}  {asyncio.run(_forward(target, request))}")
        if forwarded == count:
            return


async def _forward(target: str, request: dict[str, Any]) -> str:
    query = request["url"].partition("?")[2]
    url = f"{target}{'&' if '?' in target else '?'}{query}" if query else target
    headers = _headers(request["headers"])
    body = base64.b64decode(request["body_base64"])
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60), auto_decompress=False) as session,
            session.request(
                request["method"],
                URL(url, encoded=True),
                data=body or None,
                headers=headers,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as response,
        ):
            await response.read()
            return str(response.status)
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"failed: {error}"


def _headers(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of the message in order, without those of the connection."""
    return [(name, value) for name, value in pairs if name not in _HOP]
