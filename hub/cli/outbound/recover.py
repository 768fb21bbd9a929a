"""`hub recover`: send a subscription again what it missed, with a progress bar."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.inputs import moment_input
from hub.cli.terminal.progress import watch_job

__all__ = ["recover"]


@click.command()
@click.argument("target", metavar="SUBSCRIPTION|JOB")
@click.option("--since", help="Messages accepted from then on: 90m, 2h, 3d ago, or ISO 8601.")
@click.option("--until", help="Messages accepted before then; now unless said.")
@click.option("--dry-run", is_flag=True, help="Only count what would be sent again.")
@click.option("--detach", is_flag=True, help="Start the job and do not wait for it.")
@click.option("--pause", "change", flag_value="pause", help="Interrupt a JOB.")
@click.option("--resume", "change", flag_value="resume", help="Go on with a paused JOB.")
@click.option("--cancel", "change", flag_value="cancel", help="End a JOB.")
def recover(
    target: str, since: str | None, until: str | None, change: str | None, *, dry_run: bool, detach: bool
) -> None:
    """Send again what is dead or was skipped: of a SUBSCRIPTION since a moment, or watch or steer a JOB.

    Ctrl-C leaves the job running; it goes on after a restart of the hub too. `hub jobs` lists and steers all jobs.
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
        body: dict[str, Any] = {"since": moment_input(since), "dry_run": dry_run}
        if until is not None:
            body["until"] = moment_input(until)
        job = client.call("POST", f"/api/subscriptions/{target}/recover", body)
    click.echo(f"{job['id']}: {job['total']} to recover")
    if job["dry_run"]:
        return
    if not detach:
        job = watch_job(client, job)
    click.echo(f"{job['state']}: {job['done']} sent again, {job['failed']} could not be{_because(job)}")


def _because(job: dict[str, Any]) -> str:
    return f" ({job['error']})" if job["error"] else ""
