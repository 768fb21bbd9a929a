"""Executions: list, read, cancel, retry."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from quart import Blueprint, Response, request
from quart_schema import document_request, tag_blueprint

from hub.api.instance.job_view import job_view
from hub.api.sources.sources import find_source
from hub.api.web.arguments import choice_argument
from hub.api.web.auth import caller, requires
from hub.api.web.bodies import model_body
from hub.api.web.paging import page_arguments, page_of
from hub.api.web.rendering import answer, instant_text, optional_id, path_id
from hub.api.web.services import services
from hub.errors import Conflict, NotFound
from hub.jobs.retry import retry_order
from hub.model.ids import Id, write_id
from hub.model.stored.execution import ExecutionRecord, ExecutionState, NodeRecord
from hub.model.times import to_micros

__all__ = ["RetryInput", "blueprint", "execution_view"]

blueprint = Blueprint("executions", __name__, url_prefix="/api/executions")
tag_blueprint(blueprint, {"executions"})


class RetryInput(BaseModel):
    """Which executions to retry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Literal["failed", "cancelled"]
    workflow: str | None = Field(default=None, description="Only executions of this workflow.")
    source: str | None = Field(default=None, description="Only executions that requests to this source started.")
    since: AwareDatetime | None = Field(
        default=None, description="Executions created at or after this time, ISO 8601 with a time zone."
    )
    until: AwareDatetime | None = Field(
        default=None, description="Executions created before this time, by default now."
    )
    dry_run: bool = Field(default=False, description="Only count the executions.")


def execution_view(record: ExecutionRecord, nodes: tuple[NodeRecord, ...] | None = None) -> dict[str, Any]:
    """An execution as the API shows it. A single one has its result and its nodes."""
    body: dict[str, Any] = {
        "id": write_id("exec", record.id),
        "workflow": write_id("wf", record.workflow),
        "version": record.version,
        "kind": record.kind,
        "state": record.state,
        "event": optional_id("evt", record.event),
        "request": optional_id("req", record.request),
        "source": optional_id("src", record.source),
        "parent": optional_id("exec", record.parent),
        "replay_of": optional_id("exec", record.replay_of),
        "created": instant_text(record.created),
        "started": instant_text(record.started),
        "finished": instant_text(record.finished),
    }
    if record.error is not None:
        body["error"] = {"node": record.error.node, "message": record.error.message}
    if nodes is not None:
        body["result"] = record.result
        body["nodes"] = [_node_view(node) for node in nodes]
    return body


def _node_view(node: NodeRecord) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": node.node,
        "state": node.state,
        "input": node.input,
        "output": node.output,
        "error": node.error,
        "started": instant_text(node.started),
        "finished": instant_text(node.finished),
        "attempts": node.attempts,
        "due": instant_text(node.due),
    }
    if node.item >= 0:
        view["item"] = node.item
    if node.child is not None:
        view["child"] = write_id("exec", node.child)
    return view


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the executions of the org, newest first, filtered by `workflow` and `state`."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    workflow, state = request.args.get("workflow"), choice_argument("state", get_args(ExecutionState))
    page = await hub.store.executions.list(
        who.org.id, workflow=path_id("wf", workflow) if workflow else None, state=state, limit=limit, cursor=cursor
    )
    return answer(page_of(page, execution_view))


def _execution_id(text: str) -> Id:
    """The id in a path, also in FlowTrux's form `exec-…`. Raises `NotFound`."""
    return path_id("exec", text.replace("exec-", "exec_", 1))


@blueprint.get("/<execution>")
@requires("view")
async def show(execution: str) -> Response:
    """Show an execution with its result and its nodes."""
    hub, who = services(), caller()
    found = _execution_id(execution)
    record = await hub.store.executions.get(who.org.id, found)
    return answer(execution_view(record, await hub.store.executions.nodes(who.org.id, found)))


@blueprint.post("/<execution>/cancel")
@requires("edit")
async def cancel(execution: str) -> Response:
    """Cancel an execution and its children; 409 if it has finished."""
    hub, who = services(), caller()
    found = _execution_id(execution)
    if not await hub.engine.cancel(who.org.id, found):
        raise Conflict("the execution has finished")
    return answer(execution_view(await hub.store.executions.get(who.org.id, found)))


@blueprint.post("/<execution>/retry")
@requires("edit")
async def retry(execution: str) -> Response:
    """Run a failed or cancelled execution again from its failed nodes, with the same version of the workflow."""
    hub, who = services(), caller()
    found = _execution_id(execution)
    await hub.engine.retry(who.org.id, found)
    return answer(execution_view(await hub.store.executions.get(who.org.id, found)), 202)


@blueprint.post("/retry")
@document_request(RetryInput)
@requires("edit")
async def retry_many() -> Response:
    """Begin a job that retries the executions of a span of time, oldest first. With `dry_run` it only counts them."""
    hub, who = services(), caller()
    data = await model_body(RetryInput)
    workflow = hub.store.snapshot.workflows.get(path_id("wf", data.workflow)) if data.workflow else None
    if data.workflow and (workflow is None or workflow.org != who.org.id):
        raise NotFound(f"no workflow {data.workflow[:60]}")
    order = retry_order(
        state=data.state,
        since=to_micros(data.since) if data.since else 0,
        until=to_micros(data.until) if data.until else None,
        now=hub.clock.now(),
        workflow=None if workflow is None else workflow.id,
        source=find_source(data.source, hub, who).id if data.source else None,
        dry_run=data.dry_run,
    )
    return answer(job_view(await hub.jobs.begin(who.org.id, order), hub), 202)
