"""`hub executions`: runs of workflows."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import moment_input
from hub.cli.terminal.output import json_option, print_json, print_table
from hub.cli.terminal.progress import watch_job

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
@click.argument("execution", required=False)
@click.option("--since", help="Retry all that were created since then: 90m, 2h, 3d, or ISO 8601.")
@click.option("--until", help="Created before then; now, if left out.")
@click.option("--workflow", help="Of this workflow only.")
@click.option("--source", help="Started by requests to this source only.")
@click.option("--state", type=click.Choice(["failed", "cancelled"]), default="failed", show_default=True)
@click.option("--dry-run", is_flag=True, help="Only count the executions of the span.")
@json_option
def retry(
    execution: str | None,
    since: str | None,
    until: str | None,
    workflow: str | None,
    source: str | None,
    state: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run a failed or cancelled execution again from its failed nodes, or all of a span.

    Ctrl-C leaves a span's job running; `hub jobs` lists and steers it. With --json it is not waited for.
    """
    if (execution is None) == (since is None):
        raise click.UsageError("name an execution, or say --since")
    client = HubClient()
    if execution is not None:
        retried = client.call("POST", f"/api/executions/{execution}/retry")
        if as_json:
            print_json(retried)
        else:
            click.echo(retried["state"])
        return
    body: dict[str, Any] = {"state": state, "since": moment_input(since or ""), "dry_run": dry_run}
    if until is not None:
        body["until"] = moment_input(until)
    body |= {name: one for name, one in (("workflow", workflow), ("source", source)) if one is not None}
    job = client.call("POST", "/api/executions/retry", body)
    if as_json:
        print_json(job)
    elif dry_run:
        click.echo(f"{job['total']} would be retried")
    else:
        job = watch_job(client, job)
        click.echo(f"{job['state']}: {job['done']} of {job['total']} queued again, {job['failed']} failed")
