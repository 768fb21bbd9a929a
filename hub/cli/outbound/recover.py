"""`hub recover`: send a subscription again what it missed, with a progress bar."""

from __future__ import annotations

import time
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.inputs import moment_input
from hub.cli.terminal.output import console

__all__ = ["recover"]

_OPEN = frozenset({"counting", "running"})
_LOOK_SECONDS = 0.5


@click.command()
@click.argument("target", metavar="SUBSCRIPTION|JOB")
@click.option("--since", help="Messages accepted from then on: 90m, 2h, 3d ago, or ISO 8601.")
@click.option("--until", help="Messages accepted before then; now unless said.")
@click.option("--detach", is_flag=True, help="Start the job and do not wait for it.")
@click.option("--pause", "change", flag_value="pause", help="Interrupt a JOB.")
@click.option("--resume", "change", flag_value="resume", help="Go on with a paused JOB.")
@click.option("--cancel", "change", flag_value="cancel", help="End a JOB.")
def recover(target: str, since: str | None, until: str | None, change: str | None, *, detach: bool) -> None:
    """Send again what is dead or was skipped: of a SUBSCRIPTION since a moment, or watch or steer a JOB.

    Ctrl-C leaves the job running; it goes on after a restart of the hub too.
    """
    client = HubClient()
    if target.startswith("job_"):
        job = (
            client.call("POST", f"/api/jobs/{target}/{change}") if change else client.call("GET", f"/api/jobs/{target}")
        )
    elif change is not None:
        raise click.UsageError(f"--{change} needs a job (job_…)")
    elif since is None:
        raise click.UsageError("say --since when the subscription is to be recovered")
    else:
        body: dict[str, Any] = {"since": moment_input(since)}
        if until is not None:
            body["until"] = moment_input(until)
        job = client.call("POST", f"/api/subscriptions/{target}/recover", body)
    click.echo(f"{job['id']}: {job['total']} to recover")
    if not detach:
        job = _watch(client, job)
    click.echo(f"{job['state']}: {job['done']} sent again, {job['failed']} could not be{_because(job)}")


def _watch(client: HubClient, job: dict[str, Any]) -> dict[str, Any]:
    """Draw the bar until the job does not work any more."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), transient=True) as progress:
        bar = progress.add_task(job["state"], total=job["total"])
        while True:
            progress.update(bar, description=job["state"], completed=job["done"] + job["failed"], total=job["total"])
            if job["state"] not in _OPEN:
                return job
            time.sleep(_LOOK_SECONDS)
            job = client.call("GET", f"/api/jobs/{job['id']}")


def _because(job: dict[str, Any]) -> str:
    return f" ({job['error']})" if job["error"] else ""
