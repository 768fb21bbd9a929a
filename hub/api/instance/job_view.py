"""Jobs as the API shows them."""

from __future__ import annotations

from typing import Any

from hub.api.web.rendering import instant_text
from hub.api.web.services import Services
from hub.jobs.recover import RecoverSubscription
from hub.model.ids import write_id
from hub.model.stored.jobs import UNFINISHED_JOB, Job

__all__ = ["job_view"]


def job_view(job: Job, hub: Services) -> dict[str, Any]:
    """A job with its counts, its progress, and where to do what its kind allows."""
    name = write_id("job", job.id)
    handled = job.done + job.failed
    url = f"{hub.base_url}/api/jobs/{name}"
    actions = sorted(hub.jobs.may(job.kind)) if job.state in UNFINISHED_JOB else []
    return {
        "id": name,
        "kind": job.kind,
        "state": job.state,
        "subscription": job.params.get("subscription"),
        "workflow": job.params.get("workflow"),
        "source": job.params.get("source"),
        "since": instant_text(job.params.get("since")),
        "until": instant_text(job.params.get("until")),
        "dry_run": bool(job.params.get("dry_run")),
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        **_deliveries(job),
        "progress": 1.0 if job.state == "done" else round(handled / job.total, 4) if job.total else 0.0,
        "error": job.error,
        "created": instant_text(job.created),
        "updated": instant_text(job.updated),
        "urls": {"self": url, **{action: f"{url}/{action}" for action in actions}},
    }


def _deliveries(job: Job) -> dict[str, Any]:
    """The counts of a recovery: deliveries that arrived, and those that wait for their turn or a retry."""
    if job.kind != RecoverSubscription.name:
        return {}
    waiting = 0 if job.params.get("dry_run") else max(job.total - job.done - job.failed, 0)
    return {"delivered": job.done, "pending": waiting}
