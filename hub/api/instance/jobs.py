"""Jobs: long work with counts and progress that can be paused and cancelled."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import tag_blueprint

from hub.api.outbound.outbound_view import job_view
from hub.api.web.auth import caller, requires
from hub.api.web.rendering import answer, path_id
from hub.api.web.services import services
from hub.errors import Conflict
from hub.jobs.replay import KIND as REPLAY
from hub.outbound.delivery.recover import KIND as RECOVER

__all__ = ["blueprint"]

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs")
tag_blueprint(blueprint, {"jobs"})


@blueprint.get("/<job>")
@requires("view")
async def show(job: str) -> Response:
    """A job with its counts and progress."""
    hub, who = services(), caller()
    return answer(job_view(await hub.store.access.job(who.org.id, path_id("job", job)), hub.base_url))


@blueprint.post("/<job>/pause")
@requires("edit")
async def pause(job: str) -> Response:
    """Interrupt a job until it is resumed."""
    hub, who = services(), caller()
    return answer(job_view(await hub.outbound.recovery.pause(who.org.id, path_id("job", job)), hub.base_url))


@blueprint.post("/<job>/resume")
@requires("edit")
async def resume(job: str) -> Response:
    """Go on with a paused job."""
    hub, who = services(), caller()
    return answer(job_view(await hub.outbound.recovery.resume(who.org.id, path_id("job", job)), hub.base_url))


@blueprint.post("/<job>/cancel")
@requires("edit")
async def cancel(job: str) -> Response:
    """End a job; what it has done or queued stays. 409 when it has ended, or cannot be ended half-way."""
    hub, who = services(), caller()
    found = await hub.store.access.job(who.org.id, path_id("job", job))
    if found.kind == REPLAY:
        return answer(job_view(await hub.replay_jobs.cancel(who.org.id, found.id), hub.base_url))
    if found.kind == RECOVER:
        return answer(job_view(await hub.outbound.recovery.cancel(who.org.id, found.id), hub.base_url))
    raise Conflict(f"a job of the kind {found.kind} runs to its end")
