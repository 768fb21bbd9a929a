"""`hub workflows`: create, read, change, publish and delete workflows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import yaml

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import json_input
from hub.cli.terminal.output import json_always, json_option, print_json, print_table

__all__ = ["workflows"]


@click.group(cls=Group)
def workflows() -> None:
    """Manage workflows."""


@workflows.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List workflows, newest first."""
    items = HubClient().call("GET", "/api/workflows", query={"limit": "200"})["items"]
    if as_json:
        print_json(items)
        return
    rows = [(one["id"], one["name"], one["version"], "yes" if one["published"] else "no", _url(one)) for one in items]
    print_table(
        ("id", "name", "version", "published", "url"),
        rows,
        empty="There are no workflows. Create one: hub workflows create FILE",
    )


@workflows.command()
@click.argument("workflow")
@json_always
def show(workflow: str) -> None:
    """Show a workflow with its source as JSON."""
    print_json(HubClient().call("GET", f"/api/workflows/{workflow}"))


@workflows.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@json_option
def create(file: Path, *, as_json: bool) -> None:
    """Create a workflow from a JSON or YAML FILE (- for standard input) and print the URLs of its source."""
    made = HubClient().call("POST", "/api/workflows", _definition(file))
    if as_json:
        print_json(made)
        return
    click.echo(f"{made['id']}\nsource: {made['source']['id']}")
    for name, url in made["source"]["urls"].items():
        click.echo(f"{name}: {url}")


@workflows.command()
@click.argument("workflow")
@click.argument("fields", metavar="JSON")
@json_always
def update(workflow: str, fields: str) -> None:
    """Replace top-level fields with those of JSON, @FILE or - (standard input)."""
    print_json(HubClient().call("PATCH", f"/api/workflows/{workflow}", json_input(fields)))


@workflows.command()
@click.argument("workflow")
def publish(workflow: str) -> None:
    """Publish the draft as the next version."""
    made = HubClient().call("POST", f"/api/workflows/{workflow}/publish")
    click.echo(f"{workflow} is published as version {made['version']}")


@workflows.command()
@click.argument("workflow")
def delete(workflow: str) -> None:
    """Delete a workflow with its source."""
    HubClient().call("DELETE", f"/api/workflows/{workflow}")
    click.echo(f"deleted {workflow}")


def _url(workflow: dict[str, Any]) -> str:
    return str(((workflow.get("source") or {}).get("urls") or {}).get("tracecat", ""))


def _definition(file: Path) -> Any:
    try:
        return yaml.safe_load(sys.stdin.buffer if str(file) == "-" else file.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is neither JSON nor YAML: {error}") from error
