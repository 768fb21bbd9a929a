"""`hub trigger`: send a recorded request of a vendor, correctly signed, to a running hub."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click

from hub.cli.terminal.client import CallFailed, HubClient

if TYPE_CHECKING:
    from hub import Recording, Vendor
    from hub.plugins.host import Plugins
    from hub.testing.sender import Sender

__all__ = ["trigger"]


@click.command()
@click.argument("vendor")
@click.argument("event")
@click.option("--to", "source", metavar="SOURCE", help="Source to send to; needed if several have this vendor.")
@click.option("--secret", help="Secret to sign with; by default the source gets a temporary one.")
@click.option("--same", is_flag=True, help="Keep the recorded event ids, so that sending twice makes a duplicate.")
def trigger(vendor: str, event: str, source: str | None, secret: str | None, *, same: bool) -> None:
    """Send an EVENT of VENDOR, as recorded in its plugin, to a source of the running hub.

    EVENT is an event type such as user.lifecycle.create, or the name of a recorded request. The request is signed as
    the vendor signs, and the hub checks it like any other.
    """
    from hub.testing.new_event_ids import with_new_event_ids
    from hub.testing.sender import Sender

    sending, recording = _recorded(vendor, event)
    client = HubClient()
    found = _source(client, vendor, source)
    given = {"signing": secret} if secret is not None else {}
    sender = Sender(sending, settings=found["settings"], secrets=given)
    if not same and recording.verified:
        recording = with_new_event_ids(recording, sender)
    url = _url(found)
    with _temporary_secrets(client, found["id"], sender, given):
        status, body = asyncio.run(_send(client.url, url, _signed(sender, recording, url)))
    click.echo(f"{recording.name}: the hub answered {status}")
    if body:
        click.echo(body)
    if status >= 400:
        raise click.exceptions.Exit(1)


def _recorded(vendor: str, event: str) -> tuple[Vendor, Recording]:
    from hub.cli.plugins.installed import installed_plugins

    plugins = installed_plugins()
    found = plugins.vendor(vendor)
    if found is None:
        raise click.ClickException(f"no vendor named {vendor!r} is installed here; {_known(plugins)}")
    recorded = plugins.recorded(vendor)
    holding = sorted(recorded.of_type(event), key=lambda one: len(one.event_types))
    for one in (*holding, *(one for one in recorded if one.name == event)):
        return found, one
    types = sorted({name for one in recorded for name in one.event_types} | {one.name for one in recorded})
    raise click.ClickException(f"{vendor} has no recorded request of {event!r}; it has: {', '.join(types) or 'none'}")


def _known(plugins: Plugins) -> str:
    return f"installed: {', '.join(sorted(plugins.vendors)) or 'none'}"


def _source(client: HubClient, vendor: str, wanted: str | None) -> dict[str, Any]:
    if wanted is not None:
        source: dict[str, Any] = client.call("GET", f"/api/sources/{quote(wanted, safe='')}")
        return source
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = client.call("GET", "/api/sources", query={"limit": "200", "cursor": cursor})
        found += [one for one in page["items"] if one["vendor"] == vendor]
        cursor = page["next"]
        if cursor is None:
            break
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.ClickException(f'no source has the vendor {vendor}: create one with "vendor": "{vendor}"')
    names = ", ".join(f"{one['id']} ({one['name'] or 'unnamed'})" for one in found)
    raise click.ClickException(f"several sources have the vendor {vendor}: choose one with --to: {names}")


def _url(source: Mapping[str, Any]) -> str:
    urls: dict[str, str] = source["urls"]
    return urls.get("tracecat") or next(iter(urls.values()))


@contextmanager
def _temporary_secrets(client: HubClient, source: str, sender: Sender, given: Mapping[str, str]) -> Iterator[None]:
    """Secrets that the source has only inside the block, beside its own."""
    path = f"/api/sources/{source}/secrets"
    added: list[str] = []
    try:
        for slot, text in sender.pasted.items():
            if slot not in given:
                added.append(client.call("POST", path, {"slot": slot, "secret": text, "label": "hub trigger"})["id"])
        yield
    finally:
        for secret in added:
            try:
                client.call("DELETE", f"{path}/{secret}")
            except CallFailed as failure:
                click.echo(f"The secret {secret} could not be removed from {source}: {failure.message}", err=True)


def _signed(sender: Sender, recording: Recording, url: str) -> Recording:
    from datetime import UTC, datetime

    try:
        return sender.signed(recording, datetime.now(UTC), url)
    except (TypeError, ValueError) as error:
        raise click.ClickException(str(error)) from error


async def _send(base: str, url: str, sent: Recording) -> tuple[int, str]:
    import aiohttp

    query = f"?{sent.query}" if sent.query else ""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            session.request(
                sent.method,
                base + urlsplit(url).path + query,
                data=sent.body or None,
                headers=sent.headers,
                skip_auto_headers={"Content-Type"},
            ) as response,
        ):
            return response.status, await response.text()
    except aiohttp.ClientConnectionError as error:
        raise CallFailed(f"no hub answers at {base}: start one with `hub serve`, or set HUB_URL") from error
