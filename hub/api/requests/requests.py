"""Requests as stored: list, read, replay."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, tag_blueprint

from hub.api.instance.job_view import job_view
from hub.api.requests.request_view import executions_view, judgement_view, request_summary, request_view
from hub.api.sources.sources import find_source, source_id
from hub.api.web.arguments import choice_argument
from hub.api.web.auth import caller, requires
from hub.api.web.bodies import model_body
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, path_id
from hub.api.web.services import services
from hub.jobs.replay import replay_order
from hub.model.ids import Id, write_id
from hub.model.stored.inbound import RequestState
from hub.model.times import to_micros

__all__ = ["JudgeInput", "ReplayInput", "RequestQuery", "blueprint"]

_SHOWN_EXECUTIONS = 1_000

blueprint = Blueprint("requests", __name__, url_prefix="/api/requests")
tag_blueprint(blueprint, {"requests"})


class RequestQuery(BaseModel):
    """Filters of the list of requests."""

    source: str | None = Field(default=None, description="Id of a source.")
    state: str | None = Field(default=None, description="accepted, refused, held, challenge or duplicate.")
    limit: int = Field(default=50, description="1 to 200.")
    cursor: str | None = None


class JudgeInput(BaseModel):
    """How a single request is replayed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    judge_again: bool = Field(
        default=False, description="Judge a refused request by the credentials of now, and run it if it passes."
    )


class ReplayInput(BaseModel):
    """The requests to replay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(default=None, description="Only requests to this source.")
    state: Annotated[str, Field(max_length=20)] | None = Field(
        default=None, description="accepted, held or duplicate; accepted and held ones if left out."
    )
    since: AwareDatetime = Field(description="Requests received at or after this time, ISO 8601 with a time zone.")
    until: AwareDatetime | None = Field(default=None, description="Requests received before this time, by default now.")
    dry_run: bool = Field(default=False, description="Only count the requests.")


@blueprint.get("")
@document_querystring(RequestQuery)
@requires("view")
async def index() -> Response:
    """List the requests of the org, newest first. Refused ones have the step that refused and the reason."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    state = choice_argument("state", get_args(RequestState))
    page = await hub.store.inbound.requests(
        who.org.id, source=source_argument(), state=state, limit=limit, cursor=cursor
    )
    return answer(page_of(page, request_summary))


@blueprint.get("/<id>")
@requires("view")
async def show(id: str) -> Response:  # noqa: A002 - the name in the HTTP contract
    """Show a request with headers, exact body, events, executions and files. Fingerprints replace its credentials."""
    hub, who = services(), caller()
    found = path_id("req", id)
    record = await hub.store.inbound.request(who.org.id, found)
    events = await hub.store.inbound.events(who.org.id, request=found, limit=200)
    executions = await hub.store.executions.of_request(who.org.id, found, limit=_SHOWN_EXECUTIONS)
    files = await hub.store.files.of_request(who.org.id, found)
    return answer(request_view(record, events.items[::-1], executions, files))


@blueprint.post("/<id>/replay")
@document_request(JudgeInput)
@requires("edit")
async def replay(id: str) -> Response:  # noqa: A002 - the name in the HTTP contract
    """Replay a request on the current workflows. A held one is released; any other becomes a new request.

    With `judge_again` a refused request is judged by the credentials of now; the answer shows the verdict.
    """
    hub, who = services(), caller()
    found = path_id("req", id)
    if (await model_body(JudgeInput)).judge_again:
        judgement = await hub.judge.judge(who.org.id, found)
        return answer(judgement_view(judgement, id), 200 if judgement.request is None else 202)
    done = await hub.replayer.replay(who.org.id, found)
    body = {
        "id": write_id("req", done.request),
        "replay_of": None if done.released else id,
        "released": done.released,
        "executions": executions_view(done.executions),
    }
    return answer(body, 202)


@blueprint.post("/replay")
@document_request(ReplayInput)
@requires("edit")
async def replay_many() -> Response:
    """Begin a job that replays the requests of a span of time, oldest first. With `dry_run` it only counts them."""
    hub, who = services(), caller()
    data = await model_body(ReplayInput)
    order = replay_order(
        since=to_micros(data.since),
        until=to_micros(data.until) if data.until else None,
        now=hub.clock.now(),
        source=find_source(data.source, hub, who).id if data.source else None,
        state=data.state,
        dry_run=data.dry_run,
    )
    return answer(job_view(await hub.jobs.begin(who.org.id, order), hub), 202)


def source_argument() -> Id | None:
    """The source in `?source=`. A deleted one still has its requests."""
    text = request.args.get("source")
    return source_id(text, services()) if text else None
