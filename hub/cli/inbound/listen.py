"""`hub listen`: requests of a source forwarded to a local address, byte for byte."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import click
from yarl import URL

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.follow import new_requests

__all__ = ["listen"]

_HOP = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"}
)


@click.command()
@click.option("--forward-to", "target", required=True, metavar="URL", help="Where to send each request.")
@click.option("--source", help="Id of a source; all of the org, if left out.")
@click.option("--state", default="accepted", show_default=True, help="Forward requests in this state.")
@click.option("-n", "--last", default=0, help="How many earlier ones to forward first.")
@click.option("--every", default=0.5, show_default=True, metavar="SECONDS", help="How often to look.")
@click.option("--count", type=int, help="End after so many.")
def listen(target: str, source: str | None, state: str, last: int, every: float, count: int | None) -> None:
    """Forward requests to a local address with the exact body and headers, signatures included.

    The query of each request is added to URL. What is a credential of its own (Authorization, API keys, URL secrets)
    is kept by the hub as a fingerprint only and forwarded as such.
    """
    client = HubClient()
    click.echo(f"forwarding to {target}; Ctrl-C ends it", err=True)
    with suppress(KeyboardInterrupt):
        _forward_all(client, target, new_requests(client, source=source, state=state, last=last, every=every), count)


def _forward_all(client: HubClient, target: str, found: Iterator[dict[str, Any]], count: int | None) -> None:
    for forwarded, one in enumerate(found, 1):
        request = client.call("GET", f"/api/requests/{one['id']}")
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
    """Those of the message itself, in order; not those of the connection that it came by."""
    return [(name, value) for name, value in pairs if name not in _HOP]
