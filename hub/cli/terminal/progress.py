"""Watching a job from the command line."""

from __future__ import annotations

import time
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.output import console

__all__ = ["watch_job"]

_WORKING = frozenset({"counting", "running"})
_LOOK_SECONDS = 0.5


def watch_job(client: HubClient, job: dict[str, Any]) -> dict[str, Any]:
    """Draw a bar until nobody works on the job any more; the job as it is then.

    Ctrl-C ends the watching and leaves the job running.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), transient=True) as progress:
        bar = progress.add_task(job["state"], total=job["total"])
        while True:
            progress.update(bar, description=job["state"], completed=job["done"] + job["failed"], total=job["total"])
            if job["state"] not in _WORKING:
                return job
            time.sleep(_LOOK_SECONDS)
            job = client.call("GET", f"/api/jobs/{job['id']}")
