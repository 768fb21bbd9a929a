"""Runs a workflow because a person asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Conflict
from hub.model.ids import new_id
from hub.model.stored.execution import NewExecution
from hub.model.stored.workflow import WorkflowVersion
from hub.ports.clock import Clock
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.sdk.action import Action
from hub.workflows.definition.compiled import compile_workflow
from hub.workflows.expressions.scope import Scope

__all__ = ["run_by_hand"]


async def run_by_hand(
    version: WorkflowVersion | None,
    data: Any,
    store: Store,
    engine: Engine,
    clock: Clock,
    actions: Mapping[str, Action],
) -> NewExecution:
    """Queue an execution of kind `manual` with `data` as the data of its trigger; it is committed on return.

    Args:
        version: The published version; None if the workflow is not published.
        data: A JSON value.
        store: Keeps the execution.
        engine: Runs it.
        clock: The hub's clock.
        actions: All actions by name.

    Raises:
        Conflict: The workflow is not published.
        Invalid: The version cannot run any more, for example because a plugin was removed.
        StoreUnavailable: Nothing was stored.
    """
    if version is None:
        raise Conflict("the workflow is not published: publish it first")
    compiled = compile_workflow(version.definition, actions)
    trigger = {"data": data, "type": "manual"}
    now = clock.now()
    execution = NewExecution(
        org=version.org,
        id=new_id(),
        workflow=version.workflow,
        version=version.number,
        kind="manual",
        trigger=trigger,
        created=now,
        serial_key=compiled.serial_key(Scope.of(trigger, {})),
        concurrency=compiled.concurrency,
        due=now,
    )
    await store.executions.create([execution])
    engine.start([execution])
    return execution
