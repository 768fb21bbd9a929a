"""What keeps a workflow from working as things are, though a later change elsewhere may mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.api.web.services import Services
from hub.errors import Invalid, Problem
from hub.inbound.source_lookup import source_named
from hub.model.ids import Id
from hub.model.stored.source import SourceRecord
from hub.model.stored.workflow import WorkflowRecord
from hub.workflows.definition.compiled import compile_workflow
from hub.workflows.definition.names import HINTS
from hub.workflows.definition.workflow import Workflow
from hub.workflows.expressions.scope import RESERVED

__all__ = ["workflow_warnings"]

_SHARED = "webhookId:"


async def workflow_warnings(record: WorkflowRecord, definition: Mapping[str, Any], hub: Services) -> list[Problem]:
    """One warning for each thing that is missing: a source, a connection, a variable, a secret.

    Args:
        record: The workflow.
        definition: Its draft, or the version in question.
        hub: The parts of the hub.
    """
    try:
        workflow = compile_workflow(dict(definition), hub.plugins.actions)
    except Invalid as error:
        return list(error.problems)
    connections = {one.name for one in await hub.store.access.connections(record.org)}
    own = hub.store.snapshot.sources.get(record.source)
    sources = list(_sources(record, workflow, hub))
    return [
        *_trigger_warnings(record, definition, hub),
        *(_secret_warnings(own, hub) if own is not None else ()),
        *_connection_warnings(workflow, connections),
        *_name_warnings(workflow, [one for one in (own, *sources) if one is not None]),
    ]


def _named(record: WorkflowRecord, name: str, hub: Services) -> SourceRecord | None:
    snapshot = hub.store.snapshot
    found: Id | None = source_named(snapshot, name)
    source = snapshot.sources.get(found) if found is not None else None
    return source if source is not None and source.org == record.org else None


def _sources(record: WorkflowRecord, workflow: Workflow, hub: Services) -> Iterator[SourceRecord]:
    for name in workflow.sources:
        if (source := _named(record, name, hub)) is not None:
            yield source


def _trigger_warnings(record: WorkflowRecord, definition: Mapping[str, Any], hub: Services) -> Iterator[Problem]:
    for index, trigger in enumerate(definition.get("triggers") or ()):
        name = trigger.removeprefix(_SHARED) if isinstance(trigger, str) else trigger.get("source")
        if name and _named(record, name, hub) is None:
            pointer = f"/triggers/{index}" if isinstance(trigger, str) else f"/triggers/{index}/source"
            yield Problem(pointer, f"no source is named {name!r}: nothing triggers the workflow through it")


def _secret_warnings(source: SourceRecord, hub: Services) -> Iterator[Problem]:
    vendor = hub.plugins.vendor(source.spec.vendor) if source.spec.vendor is not None else None
    if vendor is None:
        return
    now = hub.clock.now()
    for credential in vendor.credentials:
        if credential.required and not source.live(credential.slot, now):
            yield Problem(
                f"/source/secrets/{credential.slot}",
                f"the source has no {credential.title}: every request of {vendor.title} is refused until one is set",
            )


def _connection_warnings(workflow: Workflow, known: set[str]) -> Iterator[Problem]:
    for node in workflow.nodes.values():
        for name in sorted(node.connections - known):
            index = next(i for i, one in enumerate(workflow.definition.nodes) if one.id == node.id)
            have = f"; there are {', '.join(sorted(known))}" if known else "; there are none"
            yield Problem(f"/nodes/{index}/with", f"there is no connection {name!r}{have}")


def _name_warnings(workflow: Workflow, sources: list[SourceRecord]) -> Iterator[Problem]:
    variables = {one for source in sources for one in (source.spec.header_variable, source.spec.body_variable) if one}
    vendors = any(source.spec.vendor is not None for source in sources)
    for expression in workflow.expressions:
        for name in sorted(expression.parsed.names - RESERVED - variables):
            shown = f"{{{{ {expression.source.strip()[:80]} }}}}"
            hint = f"; {HINTS[name]}" if name in HINTS else ""
            message = f"{shown} uses the name {name!r}, which is not a variable of a source of the workflow{hint}"
            yield Problem(expression.pointer, message)
        path = expression.parsed.path
        if path is not None and path[0] == "trigger" and path[1][:1] and path[1][0][1] == "body" and not vendors:
            message = "trigger.body is there only where it is not the event's data: use trigger.data, or TRIGGER"
            yield Problem(expression.pointer, message)
