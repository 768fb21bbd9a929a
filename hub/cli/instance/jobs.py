"""`hub jobs`: long work, its progress, and steering it."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.output import json_option, print_json, print_table

__all__ = ["jobs"]


@click.group(cls=Group)
def jobs() -> None:
    """Look at jobs (replay, retry, recover, rotate-master-key, retention); pause, resume and cancel them."""


@jobs.command("list")
@click.option("--kind", help="replay, retry, recover, rotate-master-key or retention.")
@click.option("--state", help="counting, running, paused, done, cancelled or failed.")
@click.option("--limit", default=50, show_default=True)
@json_option
def list_(kind: str | None, state: str | None, limit: int, *, as_json: bool) -> None:
    """List jobs, newest first."""
    query = {"kind": kind, "state": state, "limit": str(limit)}
    items = HubClient().call("GET", "/api/jobs", query=query)["items"]
    if as_json:
        print_json(items)
        return
    columns = ("id", "kind", "state", "total", "done", "failed", "created", "error")
    print_table(columns, [tuple(one[name] for name in columns) for one in items], empty="There is no job.")


@jobs.command()
@click.argument("job")
@json_option
def show(job: str, *, as_json: bool) -> None:
    """Show one job with its counts and progress."""
    _print(HubClient().call("GET", f"/api/jobs/{job}"), as_json=as_json)


@jobs.command()
@click.argument("job")
@json_option
def pause(job: str, *, as_json: bool) -> None:
    """Interrupt a job until it is resumed; the step under way is finished."""
    _print(HubClient().call("POST", f"/api/jobs/{job}/pause"), as_json=as_json)


@jobs.command()
@click.argument("job")
@json_option
def resume(job: str, *, as_json: bool) -> None:
    """Go on with a paused job."""
    _print(HubClient().call("POST", f"/api/jobs/{job}/resume"), as_json=as_json)


@jobs.command()
@click.argument("job")
@json_option
def cancel(job: str, *, as_json: bool) -> None:
    """End a job; what it has done stays."""
    _print(HubClient().call("POST", f"/api/jobs/{job}/cancel"), as_json=as_json)


def _print(job: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(job)
        return
    failed = f", {job['failed']} failed" if job["failed"] else ""
    error = f": {job['error']}" if job["error"] else ""
    click.echo(f"{job['id']} ({job['kind']}) is {job['state']}: {job['done']} of {job['total']} done{failed}{error}")
