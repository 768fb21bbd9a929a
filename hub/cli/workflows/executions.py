"""`hub executions`: runs of workflows."""

from __future__ import annotations

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["executions"]


@click.group(cls=Group)
def executions() -> None:
    """List executions, read them, cancel them, retry failed ones."""


@executions.command("list")
@click.option("--workflow", help="Only executions of this workflow.")
@click.option(
    "--state", help="Only executions in this state: queued, running, waiting, held, succeeded, failed or cancelled."
)
@click.option("--limit", default=50, show_default=True)
@json_option
def list_(workflow: str | None, state: str | None, limit: int, *, as_json: bool) -> None:
    """List executions, newest first."""
    query = {"workflow": workflow, "state": state, "limit": str(limit)}
    items = HubClient().call("GET", "/api/executions", query=query)["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (one["id"], one["workflow"], one["kind"], one["state"], one["created"], (one.get("error") or {}).get("message"))
        for one in items
    ]
    print_table(("id", "workflow", "kind", "state", "created", "error"), rows, empty="There are no executions.")


@executions.command()
@click.argument("execution")
@json_option
def show(execution: str, *, as_json: bool) -> None:
    """Show an execution with its nodes."""
    found = HubClient().call("GET", f"/api/executions/{execution}")
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['id']} {found['state']}")
    rows = [(one["id"], one["state"], one["attempts"], one["started"], one["error"]) for one in found["nodes"]]
    print_table(("node", "state", "attempts", "started", "error"), rows, empty="No node has run yet.")


@executions.command()
@click.argument("execution")
def cancel(execution: str) -> None:
    """Cancel an execution and its children."""
    click.echo(HubClient().call("POST", f"/api/executions/{execution}/cancel")["state"])


@executions.command()
@click.argument("execution")
def retry(execution: str) -> None:
    """Run a failed or cancelled execution again from its failed nodes."""
    click.echo(HubClient().call("POST", f"/api/executions/{execution}/retry")["state"])
