"""The effects that the core's actions leave to the engine: sleeps, children, answers, messages."""

from __future__ import annotations

from dataclasses import replace

from hub.engine.action.context import NodeCall, idempotency_key
from hub.engine.action.results import TrySucceeded, TryWaiting
from hub.engine.host import RunHost, RunServices
from hub.errors import ActionFailed, ExpressionError, HubError, Invalid, NotFound
from hub.model.ids import Id, new_id, read_id, write_id
from hub.model.stored.execution import NewExecution
from hub.model.times import SECOND
from hub.outbound.publish.publish import Publication
from hub.workflows.effects import Publish, Respond, RunWorkflow, Sleep
from hub.workflows.expressions.scope import Scope

__all__ = ["EmbeddedEffects"]

_DEPTH = 16
"""How deep workflows may start each other with `workflow.run`: a workflow that starts itself fails here."""


class EmbeddedEffects:
    """Implements `hub.workflows.effects.EffectHandler` for one try of a node."""

    __slots__ = ("_called", "_host", "_services", "_started")

    def __init__(self, services: RunServices, host: RunHost, called: NodeCall, started: int) -> None:
        """`started` is when the node's first try began, microseconds UTC."""
        self._services = services
        self._host = host
        self._called = called
        self._started = started

    async def sleep(self, effect: Sleep) -> TrySucceeded | TryWaiting:
        """See `EffectHandler`."""
        due = effect.due(self._started)
        late = self._late()
        return TryWaiting(due=due if late is None else min(due, late), output=effect.output(self._started))

    async def respond(self, effect: Respond) -> TrySucceeded | TryWaiting:
        """See `EffectHandler`."""
        answer = effect.output()
        return TrySucceeded(answer, answer=answer)

    async def publish(self, effect: Publish) -> TrySucceeded | TryWaiting:
        """See `EffectHandler`."""
        execution = self._called.execution
        try:
            published = await self._services.publisher.publish(
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
        return TrySucceeded({"id": write_id("msg", published.id), "deliveries": published.deliveries})

    async def run_workflow(self, effect: RunWorkflow) -> TrySucceeded | TryWaiting:
        """See `EffectHandler`."""
        child = await self._child(effect)
        if effect.wait:
            return TryWaiting(due=self._late(), child=child)
        return TrySucceeded({"execution": write_id("exec", child.id)}, child=child)

    def _late(self) -> int | None:
        """When the node's `timeout` ends this try, microseconds UTC."""
        timeout = self._called.timeout
        return None if timeout is None else self._services.clock.now() + int(timeout * SECOND)

    async def _child(self, effect: RunWorkflow) -> NewExecution:
        parent = self._called.execution
        depth = int((parent.trigger or {}).get("depth", 0)) + 1
        if depth > _DEPTH:
            raise ActionFailed(f"workflows start each other more than {_DEPTH} deep", retryable=False)
        workflow = self._published(parent.org, effect.workflow)
        version = self._services.store.snapshot.published[workflow]
        trigger = {"data": effect.data, "type": "workflow.run", "depth": depth}
        child = NewExecution(
            org=parent.org,
            id=new_id(),
            workflow=workflow,
            version=version.number,
            kind="child",
            trigger=trigger,
            created=self._services.clock.now(),
            request=parent.request,  # whose files it may have been handed
            parent=parent.id,
            parent_node=self._called.node,
            priority=parent.priority,
        )
        try:
            compiled = await self._services.versions.of(child)
            serial_key = compiled.serial_key(Scope.of(trigger, {}))
        except (Invalid, NotFound, ExpressionError) as error:
            raise ActionFailed(f"{effect.workflow} cannot run: {error}", retryable=False) from error
        if serial_key is None and compiled.concurrency is None:
            return replace(child, lease=self._host.lease(waiting=child.priority == 0))
        return replace(child, serial_key=serial_key, concurrency=compiled.concurrency)

    def _published(self, org: Id, name: str) -> Id:
        snapshot = self._services.store.snapshot
        workflow = read_id("wf", name)
        record = None if workflow is None else snapshot.workflows.get(workflow)
        if record is None or record.org != org:
            raise ActionFailed(f"there is no workflow {name}", retryable=False)
        if record.id not in snapshot.published:
            raise ActionFailed(f"workflow {name} is not published", retryable=False)
        return record.id
