"""`hub subscriptions`: where to send which messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import json_input
from hub.cli.terminal.output import json_always, json_option, print_json, print_table

__all__ = ["subscriptions"]


@click.group(cls=Group)
def subscriptions() -> None:
    """Manage subscriptions: where to send which messages, and how."""


@subscriptions.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List subscriptions, newest first."""
    items = HubClient().call("GET", "/api/subscriptions", query={"limit": "200"})["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (one["id"], one["name"], one["url"], ", ".join(one["events"]), one["scheme"], _health(one)) for one in items
    ]
    print_table(
        ("id", "name", "url", "events", "scheme", "health"),
        rows,
        empty="There are no subscriptions. Create one: hub subscriptions create --url URL --event TYPE",
    )


@subscriptions.command()
@click.argument("subscription")
@json_always
def show(subscription: str) -> None:
    """Show a subscription as JSON."""
    print_json(HubClient().call("GET", f"/api/subscriptions/{subscription}"))


@subscriptions.command()
@click.option("--url", help="Where to send: an absolute URL, http or https.")
@click.option("--event", "events", multiple=True, help="Event type to send; may be given several times.")
@click.option("--name", help="Name of the subscription.")
@click.option(
    "--client", "clients", multiple=True, help="Send only messages of this client; may be given several times."
)
@click.option("--scheme", help="How to sign: standard (the default), github, plextrac, …")
@click.option("--secret", help="Secret to sign with; by default the hub generates one and shows it once.")
@click.option("--unsigned", is_flag=True, help="Do not sign.")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME:VALUE", help="Header to add; may be given several times."
)
@click.option("--concurrency", type=int, help="Most attempts at the same time.")
@click.option("--insecure", is_flag=True, help="Do not check the receiver's certificate.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM file with a CA to trust.")
@click.option("--file", "file", help="JSON file of a SUBSCRIPTION, or - for standard input. Options take precedence.")
@json_option
def create(file: str | None, *, unsigned: bool, insecure: bool, as_json: bool, **options: Any) -> None:
    """Create a subscription and print its secret, which is shown only once."""
    body: dict[str, Any] = dict(json_input(f"@{file}" if file and file != "-" else file)) if file else {}
    body |= {name: options[name] for name in ("url", "name", "scheme", "secret", "concurrency") if options[name]}
    for name in ("events", "clients"):
        if options[name]:
            body[name] = list(options[name])
    if options["headers"]:
        body["headers"] = dict(_header(each) for each in options["headers"])
    if unsigned:
        body["secret"] = None
    if insecure:
        body["ssl_verification"] = False
    if options["ca"] is not None:
        body["tls"] = {**body.get("tls", {}), "ca": options["ca"].read_text()}
    made = HubClient().call("POST", "/api/subscriptions", body)
    if as_json:
        print_json(made)
        return
    click.echo(made["id"])
    if made.get("secret"):
        click.echo(f"secret (shown only once): {made['secret']}")
    for warning in made["warnings"]:
        click.echo(f"warning: {warning}", err=True)


@subscriptions.command()
@click.argument("subscription")
@click.argument("fields", metavar="JSON")
@json_always
def update(subscription: str, fields: str) -> None:
    """Replace top-level fields with those of JSON, @FILE or - (standard input)."""
    print_json(HubClient().call("PATCH", f"/api/subscriptions/{subscription}", json_input(fields)))


@subscriptions.command()
@click.argument("subscription")
def enable(subscription: str) -> None:
    """Enable a subscription. Its paused deliveries continue."""
    HubClient().call("PATCH", f"/api/subscriptions/{subscription}", {"enabled": True})
    click.echo(f"{subscription} is enabled")


@subscriptions.command()
@click.argument("subscription")
def disable(subscription: str) -> None:
    """Disable a subscription. Its pending deliveries are paused."""
    HubClient().call("PATCH", f"/api/subscriptions/{subscription}", {"enabled": False})
    click.echo(f"{subscription} is disabled")


@subscriptions.command()
@click.argument("subscription")
@click.confirmation_option(prompt="Delete the subscription and cancel its pending deliveries?")
def delete(subscription: str) -> None:
    """Delete a subscription. Its deliveries stay in the log."""
    HubClient().call("DELETE", f"/api/subscriptions/{subscription}")
    click.echo(f"deleted {subscription}")


@subscriptions.command()
@click.argument("subscription")
@click.argument("event")
@json_option
@click.pass_context
def test(context: click.Context, subscription: str, event: str, *, as_json: bool) -> None:
    """Send a test EVENT as a real delivery and print the result. The exit status is 1 if it fails."""
    tried = HubClient().call("POST", f"/api/subscriptions/{subscription}/test", {"event": event})
    if as_json:
        print_json(tried)
    elif tried["delivered"]:
        click.echo(f"delivered: {tried['status']} from {tried['address']} in {tried['duration_ms']} ms")
    else:
        click.echo(f"failed: {tried['error']}")
    if not tried["delivered"]:
        context.exit(1)


@subscriptions.command("rotate-secret")
@click.argument("subscription")
@click.option("--overlap", default=0, help="Seconds for which the old secrets stay valid; 0 for none.")
def rotate_secret(subscription: str, overlap: int) -> None:
    """Replace the secret and print the new one, which is shown only once."""
    made = HubClient().call("POST", f"/api/subscriptions/{subscription}/secret", {"overlap_seconds": overlap})
    click.echo(made["secret"])


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.BadParameter(f"{text!r} is not NAME:VALUE", param_hint="--header")
    return name.strip(), value.strip()


def _health(one: dict[str, Any]) -> str:
    if not one["enabled"]:
        return f"disabled: {one['disabled_reason']}" if one["disabled_reason"] else "disabled"
    return f"failing since {one['failing_since']}" if one["failing_since"] else "healthy"
