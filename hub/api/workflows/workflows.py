"""Workflows: create, list, read, change, publish, compare and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_request, tag_blueprint

from hub.api.sources.source_input import SourceInput, check_spec, new_url_secret, stored_secrets, vendor_of
from hub.api.sources.source_view import source_view
from hub.api.sources.sources import source_change
from hub.api.web.auth import Caller, caller, requires
from hub.api.web.bodies import document_object, model_body, model_of
from hub.api.web.conditional import change_current
from hub.api.web.paging import page_arguments, page_of, whole_list
from hub.api.web.rendering import answer, instant_text, path_id, whole_number
from hub.api.web.services import Services, services
from hub.api.workflows.executions import execution_view
from hub.api.workflows.warnings import workflow_warnings
from hub.errors import Invalid, NotFound, Problem
from hub.model.ids import write_id
from hub.model.stored.source import ResponseMode, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowChange, WorkflowRecord, WorkflowVersion
from hub.triggers.manual import run_by_hand
from hub.workflows.definition.compiled import compile_workflow
from hub.workflows.definition.diff import diff
from hub.workflows.definition.parsed import Definition

__all__ = ["WorkflowInput", "blueprint"]

blueprint = Blueprint("workflows", __name__, url_prefix="/api/workflows")
tag_blueprint(blueprint, {"workflows"})

_OWN = frozenset({"name", "published", "source"})


class VersionsInput(BaseModel):
    """The versions to compare; 0 is the draft."""

    from_: int = Field(default=0, alias="from", ge=0)
    to: int = Field(default=0, ge=0)


class WorkflowInput(Definition):
    """A definition with its name, its own source, and whether it is published."""

    published: bool = Field(default=True, description="Publish at once.")
    source: SourceInput = SourceInput()


class RunInput(BaseModel):
    """The input of a run by hand."""

    model_config = ConfigDict(extra="forbid")

    data: Any = Field(default=None, description="The value of TRIGGER.")


def _definition(body: dict[str, Any], hub: Services, response: ResponseMode) -> dict[str, Any]:
    """The fields of `body` that belong to the definition.

    Raises:
        Invalid: The definition can never work, or lacks the node that the source's response mode names.
    """
    definition = {name: value for name, value in body.items() if name not in _OWN}
    compiled = compile_workflow(definition, hub.plugins.actions)
    if response.mode == "specificNode":
        compiled.require_node(response.node or "", "/source/response/node")
    return definition


def _named(body: dict[str, Any], default: str) -> str:
    name = body.get("name", default)
    if not isinstance(name, str) or len(name) > 200:
        raise Invalid("the name is invalid", (Problem("/name", "must be a string of at most 200 characters"),))
    return name


def _published(body: dict[str, Any]) -> bool:
    published = body.get("published", True)
    if not isinstance(published, bool):
        raise Invalid("the body is invalid", (Problem("/published", "must be true or false"),))
    return published


def _source(body: dict[str, Any], hub: Services) -> tuple[SourceSpec, list[StoredSecret]]:
    data = model_of(SourceInput, body.get("source") or {}, "/source")
    spec = data.spec()
    check_spec(spec, hub.plugins, own=True, pointer="/source")
    vendor = vendor_of(spec, hub.plugins, "/source")
    now = hub.clock.now()
    return spec, [new_url_secret(now), *stored_secrets(data, vendor, now, "/source")]


async def checked_view(record: WorkflowRecord, hub: Services, who: Caller) -> dict[str, Any]:
    """A workflow in answers of the API, with a warning for each thing that it needs and that is not there."""
    warnings = await workflow_warnings(record, record.draft, hub)
    return {**view(record, hub, who), "warnings": [asdict(one) for one in warnings]}


def view(record: WorkflowRecord, hub: Services, who: Caller, definition: Any = None) -> dict[str, Any]:
    """A workflow in answers of the API, with its draft or the definition given."""
    source = hub.store.snapshot.sources.get(record.source)
    return {
        **dict(record.draft if definition is None else definition),
        "id": write_id("wf", record.id),
        "name": record.name,
        "version": record.version if record.version is not None else record.latest,
        "published": record.version is not None,
        "created": instant_text(record.created),
        "updated": instant_text(record.updated),
        "source": source_view(source, hub, who) if source is not None else None,
    }


@blueprint.post("")
@document_request(WorkflowInput)
@requires("edit")
async def create() -> Response:
    """Create a workflow with its own source. It is published unless `published` is false."""
    hub, who = services(), caller()
    body = await document_object()
    if "nodes" not in body:
        raise Invalid("the body is invalid", (Problem("/nodes", "Field required"),))
    spec, secrets = _source(body, hub)
    definition = _definition(body, hub, spec.response)
    name = _named(body, "")
    record = await hub.store.workflows.create(
        who.org.id, name, definition, source=spec, secrets=secrets, publish=_published(body), by=who.key.id
    )
    return answer(await checked_view(record, hub, who), 201, generation=record.generation)


@blueprint.get("")
@requires("view")
async def index() -> Response:
    """List the workflows of the org, newest first."""
    hub, who = services(), caller()
    limit, cursor = page_arguments()
    page = await hub.store.workflows.list(who.org.id, limit=limit, cursor=cursor)
    return answer(page_of(page, lambda record: view(record, hub, who)))


@blueprint.get("/<workflow>")
@requires("view")
async def show(workflow: str) -> Response:
    """Show a workflow with its draft and its source."""
    hub, who = services(), caller()
    record = _find(workflow, hub, who)
    return answer(await checked_view(record, hub, who), generation=record.generation)


@blueprint.patch("/<workflow>")
@document_request(WorkflowInput)
@requires("edit")
async def change(workflow: str) -> Response:
    """Replace the top-level fields given: draft, source and whether it is published change in one commit."""
    hub, who = services(), caller()
    body = await document_object()
    record = await _change(workflow, lambda record: _changed(record, body, hub))
    return answer(await checked_view(record, hub, who), generation=record.generation)


@blueprint.delete("/<workflow>")
@requires("edit")
async def delete(workflow: str) -> Response:
    """Delete a workflow with its source. Its executions stay readable."""
    hub, who = services(), caller()

    async def remove(record: WorkflowRecord) -> None:
        await hub.store.workflows.delete(record.org, record.id, generation=record.generation)

    await change_current("workflow", lambda: _find(workflow, hub, who), remove, hub.store)
    return Response(b"", 204)


@blueprint.post("/<workflow>/publish")
@requires("edit")
async def publish(workflow: str) -> Response:
    """Publish the draft as the next version, which never changes."""
    hub, who = services(), caller()
    record = await _change(workflow, lambda record: _changed(record, {"published": True}, hub))
    return answer(await checked_view(record, hub, who), generation=record.generation)


@blueprint.get("/<workflow>/versions")
@requires("view")
async def versions(workflow: str) -> Response:
    """List the published versions, newest first."""
    hub, who = services(), caller()
    found = await hub.store.workflows.versions(who.org.id, _find(workflow, hub, who).id)
    return answer(whole_list(map(_version_view, found), lambda one: (one["version"],), descending=True))


@blueprint.get("/<workflow>/versions/<number>")
@requires("view")
async def version(workflow: str, number: str) -> Response:
    """Show a published version with its definition."""
    hub, who = services(), caller()
    record, wanted = _find(workflow, hub, who), whole_number(number)
    if wanted is None:
        raise NotFound(f"no version {number[:60]}")
    return answer(_version_view(await hub.store.workflows.version(who.org.id, record.id, wanted)))


@blueprint.get("/<workflow>/diff")
@document_querystring(VersionsInput)
@requires("view")
async def compare(workflow: str) -> Response:
    """Compare two versions. `from` and `to` are numbers; 0, or leaving one out, means the draft."""
    hub, who = services(), caller()
    record = _find(workflow, hub, who)
    old, new = [await _numbered(record, hub, request.args.get(name), f"/{name}") for name in ("from", "to")]
    return answer({"changes": [asdict(change) for change in diff(old, new)]})


@blueprint.post("/<workflow>/run")
@document_request(RunInput)
@requires("edit")
async def run(workflow: str) -> Response:
    """Run the published version with the data given."""
    hub, who = services(), caller()
    record = _find(workflow, hub, who)
    data = (await model_body(RunInput)).data
    version = hub.store.snapshot.published.get(record.id)
    execution = await run_by_hand(version, data, hub.store, hub.engine, hub.clock, hub.plugins.actions)
    return answer(execution_view(await hub.store.executions.get(who.org.id, execution.id)), 202)


async def _change(workflow: str, change: Callable[[WorkflowRecord], WorkflowChange]) -> WorkflowRecord:
    """Change a workflow of the caller's org; `change` may be called several times."""
    hub, who = services(), caller()

    async def write(record: WorkflowRecord) -> WorkflowRecord:
        return await hub.store.workflows.change(
            record.org, record.id, change(record), generation=record.generation, by=who.key.id
        )

    return await change_current("workflow", lambda: _find(workflow, hub, who), write, hub.store)


def _changed(record: WorkflowRecord, body: dict[str, Any], hub: Services) -> WorkflowChange:
    """The change that replaces the top-level fields in `body`.

    The definition is not checked if the body only renames or withdraws the workflow: a workflow that no longer works,
    such as one whose plugin is gone, can still be withdrawn.

    Raises:
        Invalid: The result can never work.
    """
    owned = hub.store.snapshot.sources[record.source]
    source = source_change(owned, body["source"] or {}, hub, "/source") if "source" in body else None
    published = _published(body) if "published" in body else None
    draft = {**record.draft, **body}
    drafted = bool(body.keys() - _OWN)
    if drafted or source is not None or published:
        spec = owned.spec if source is None or source.spec is None else source.spec
        draft = _definition(draft, hub, spec.response)
    return WorkflowChange(
        name=_named(body, record.name) if "name" in body else None,
        draft=draft if drafted else None,
        source=source,
        published=published,
    )


async def _numbered(record: WorkflowRecord, hub: Services, text: str | None, pointer: str) -> Mapping[str, Any]:
    """The definition of the version with the number in the query. Raises `Invalid`, `NotFound`."""
    if text in {None, "", "0"}:
        return record.draft
    number = whole_number(text)
    if number is None:
        message = "must be the number of a version, or 0 for the draft"
        raise Invalid("the version is invalid", (Problem(pointer, message),))
    return (await hub.store.workflows.version(record.org, record.id, number)).definition


def _version_view(one: WorkflowVersion) -> dict[str, Any]:
    return {"version": one.number, "created": instant_text(one.created), "definition": dict(one.definition)}


def _find(text: str, hub: Services, who: Caller) -> WorkflowRecord:
    record = hub.store.snapshot.workflows.get(path_id("wf", text))
    if record is None or record.org != who.org.id:
        raise NotFound(f"no workflow {text[:60]}")
    return record
