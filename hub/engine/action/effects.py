"""Carrying out what the core's actions leave to the engine: sleeping, children, answers, messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hub.engine.action.context import Called, idempotency_key
from hub.engine.host import Host, Tools
from hub.errors import ActionFailed, ExpressionError, HubError, Invalid, NotFound
from hub.model.ids import Id, new_id, read_id, write_id
from hub.model.stored.execution import NewExecution
from hub.model.times import SECOND
from hub.outbound.publish.publish import Publication
from hub.workflows.expressions.scope import Scope
from hub.workflows.services import Publish, Respond, RunWorkflow, Sleep

__all__ = ["Done", "Effects", "Later"]

_DEPTH = 16
"""Levels of `workflow.run` inside each other: a workflow that starts itself ends here."""


@dataclass(frozen=True, slots=True)
class Done:
    """The node has succeeded.

    Attributes:
        child: An execution to create in the commit that says so.
        answer: For the waiting sender, after that commit.
    """

    output: Any
    child: NewExecution | None = None
    answer: Any = None


@dataclass(frozen=True, slots=True)
class Later:
    """The node waits, see `hub.workflows.plan.tries`.

    Attributes:
        child: An execution to create in the commit that says so, and to wait for.
    """

    due: int | None = None
    output: Any = None
    child: NewExecution | None = None


class Effects:
    """`hub.workflows.services.EngineServices` for one try of a node."""

    __slots__ = ("_called", "_host", "_started", "_tools")

    def __init__(self, tools: Tools, host: Host, called: Called, started: int) -> None:
        """`started` is when the node's first try began, microseconds UTC."""
        self._tools = tools
        self._host = host
        self._called = called
        self._started = started

    async def sleep(self, effect: Sleep) -> Done | Later:
        """Let the node wait until the effect is due."""
        due = effect.due(self._started)
        late = self._late()
        return Later(due=due if late is None else min(due, late), output=effect.output(self._started))

    async def respond(self, effect: Respond) -> Done | Later:
        """Hand the answer to whoever waits."""
        answer = effect.output()
        return Done(answer, answer=answer)

    async def publish(self, effect: Publish) -> Done | Later:
        """Publish once per node and item, however often it is tried.

        Raises:
            ActionFailed: The catalog refuses the data, or the message could not be kept.
        """
        execution = self._called.execution
        try:
            published = await self._tools.publisher.publish(
                Publication(
                    org=execution.org,
                    type=effect.type,
                    data=effect.data,
                    client=effect.client,
                    ordering_key=effect.ordering_key,
                    idempotency_key=idempotency_key(execution.id, self._called.node, self._called.item),
                    origin="execution",
                )
            )
        except Invalid as error:
            faults = "; ".join(f"{problem.pointer} {problem.message}" for problem in error.problems)
            raise ActionFailed(faults or error.detail, retryable=False) from error
        except HubError as error:
            raise ActionFailed(str(error)) from error
        return Done({"id": write_id("msg", published.id), "deliveries": published.deliveries})

    async def run_workflow(self, effect: RunWorkflow) -> Done | Later:
        """Create the child; the node waits for it if the effect says so.

        Raises:
            ActionFailed: There is no such workflow, it is not published, or workflows start each other too deep.
        """
        child = await self._child(effect)
        if effect.wait:
            return Later(due=self._late(), child=child)
        return Done({"execution": write_id("exec", child.id)}, child=child)

    def _late(self) -> int | None:
        """When the try has taken longer than the node's `timeout` allows, microseconds UTC."""
        timeout = self._called.timeout
        return None if timeout is None else self._tools.clock.now() + int(timeout * SECOND)

    async def _child(self, effect: RunWorkflow) -> NewExecution:
        parent = self._called.execution
        depth = int((parent.trigger or {}).get("depth", 0)) + 1
        if depth > _DEPTH:
            raise ActionFailed(f"workflows start each other more than {_DEPTH} deep", retryable=False)
        workflow = self._published(parent.org, effect.workflow)
        version = self._tools.store.snapshot.published[workflow]
        trigger = {"data": effect.data, "type": "workflow.run", "depth": depth}
        child = NewExecution(
            org=parent.org,
            id=new_id(),
            workflow=workflow,
            version=version.number,
            kind="child",
            trigger=trigger,
            created=self._tools.clock.now(),
            parent=parent.id,
            parent_node=self._called.node,
            priority=parent.priority,
        )
        try:
            compiled = await self._tools.versions.of(child)
            serial_key = compiled.serial_key(Scope.of(trigger, {}))
        except (Invalid, NotFound, ExpressionError) as error:
            raise ActionFailed(f"{effect.workflow} cannot run: {error}", retryable=False) from error
        if serial_key is None and compiled.concurrency is None:
            return replace(child, lease=self._host.lease(waiting=child.priority == 0))
        return replace(child, serial_key=serial_key, concurrency=compiled.concurrency)

    def _published(self, org: Id, name: str) -> Id:
        snapshot = self._tools.store.snapshot
        workflow = read_id("wf", name)
        record = None if workflow is None else snapshot.workflows.get(workflow)
        if record is None or record.org != org:
            raise ActionFailed(f"there is no workflow {name}", retryable=False)
        if record.id not in snapshot.published:
            raise ActionFailed(f"workflow {name} is not published", retryable=False)
        return record.id
