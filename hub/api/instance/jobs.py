"""Jobs: long work with counts and progress that can be listed, paused, resumed and cancelled."""

from __future__ import annotations

from pydantic import BaseModel, Field
from quart import Blueprint, Response
from quart_schema import document_querystring, tag_blueprint

from hub.api.instance.job_view import job_view
from hub.api.web.arguments import choice_argument
from hub.api.web.auth import caller, requires
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, path_id
from hub.api.web.services import services
from hub.model.stored.jobs import JOB_STATES, JobAction

__all__ = ["JobQuery", "blueprint"]

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs")
tag_blueprint(blueprint, {"jobs"})


class JobQuery(BaseModel):
    """Filters of the list."""

    kind: str | None = Field(default=None, description="replay, retry, recover, rotate-master-key or retention.")
    state: str | None = Field(default=None, description="counting, running, paused, done, cancelled or failed.")
    limit: int = Field(default=50, description="1 to 200.")
    cursor: str | None = None


@blueprint.get("")
@document_querystring(JobQuery)
@requires("view")
async def index() -> Response:
    """List the jobs of the org, newest first, filtered by `kind` and `state`."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    kind, state = choice_argument("kind", hub.jobs.kinds), choice_argument("state", JOB_STATES)
    page = await hub.store.jobs.list(who.org.id, kind=kind, state=state, limit=limit, cursor=cursor)
    return answer(page_of(page, lambda job: job_view(job, hub)))


@blueprint.get("/<job>")
@requires("view")
async def show(job: str) -> Response:
    """Show a job with its counts and progress."""
    hub, who = services(), caller()
    return answer(job_view(await hub.store.jobs.get(who.org.id, path_id("job", job)), hub))


@blueprint.post("/<job>/pause")
@requires("edit")
async def pause(job: str) -> Response:
    """Pause a job until it is resumed. The step under way is finished and counted; 409 if its kind cannot be paused."""
    return await _steered(job, "pause")


@blueprint.post("/<job>/resume")
@requires("edit")
async def resume(job: str) -> Response:
    """Resume a paused job; 409 if it is not paused."""
    return await _steered(job, "resume")


@blueprint.post("/<job>/cancel")
@requires("edit")
async def cancel(job: str) -> Response:
    """Cancel a job. What it has done stays; 409 if it has ended, or if its kind cannot be cancelled."""
    return await _steered(job, "cancel")


async def _steered(job: str, action: JobAction) -> Response:
    hub, who = services(), caller()
    return answer(job_view(await hub.jobs.steer(who.org.id, path_id("job", job), action), hub))
