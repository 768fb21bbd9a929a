"""Effects: what an action asks the engine to do, as data.

The actions `sleep`, `workflow.run`, `publish` and `respond` do nothing themselves. Their `run` is pure and returns an
effect instead of an output; the engine carries the effect out together with the node's journal entry. So these actions
are durable on every engine, and a node that sleeps or waits holds no slot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from hub.model.times import SECOND, from_micros, to_micros

__all__ = ["Carried_co", "Effect", "EffectHandler", "Publish", "Respond", "RunWorkflow", "Sleep", "carry_out"]


@dataclass(frozen=True, slots=True)
class Sleep:
    """Continue later. Exactly one of the two is set.

    Attributes:
        seconds: Counted from the start of the node's first try.
        until: A time with its time zone.
    """

    seconds: float | None = None
    until: datetime | None = None

    def due(self, started: int) -> int:
        """When the sleep ends, microseconds UTC; `started` is when the node's first try began."""
        if self.until is not None:
            return to_micros(from_micros(to_micros(self.until)))  # within the calendar, like the output
        return started + int((self.seconds or 0) * SECOND)

    def output(self, started: int) -> dict[str, str]:
        """The node's output after the sleep: `{"until": ISO 8601}`."""
        return {"until": from_micros(self.due(started)).isoformat()}


@dataclass(frozen=True, slots=True)
class RunWorkflow:
    """Start a workflow of the same org as a child, with `data` as the data of its trigger.

    With `wait` the node's output is the child's result, and a failure of the child is a failure of the node. Without
    it the output is `{"execution": "exec_…"}`.
    """

    workflow: str
    data: Any
    wait: bool


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish an event to the org's subscribers; the output is `{"id": "msg_…", "deliveries": n}`."""

    type: str
    data: Any
    client: str | None = None
    ordering_key: str | None = None


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer the waiting sender now; the output is `{"status", "headers", "body"}`.

    Only the first answer of an execution counts. If no sender waits, the answer is only kept in the journal.

    Attributes:
        body: None is an empty body, a string is sent as text, any other value as JSON.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def output(self) -> dict[str, Any]:
        """The node's output."""
        return {"status": self.status, "headers": dict(self.headers), "body": self.body}


Effect = Sleep | RunWorkflow | Publish | Respond
"""What `run` of these four actions returns."""

Carried_co = TypeVar("Carried_co", covariant=True)


class EffectHandler(Protocol[Carried_co]):
    """How an engine carries effects out; `Carried_co` is what it makes of one (a journal entry, a timer)."""

    async def sleep(self, effect: Sleep) -> Carried_co:
        """Let the node wait until the effect is due."""
        ...

    async def run_workflow(self, effect: RunWorkflow) -> Carried_co:
        """Start the child; the node waits for it if the effect says so.

        Raises:
            ActionFailed: The workflow does not exist or is not published, or workflows start each other too deep.
        """
        ...

    async def publish(self, effect: Publish) -> Carried_co:
        """Publish once per node and item, however often the node is tried.

        Raises:
            ActionFailed: The catalog refuses the data, or the message could not be stored.
        """
        ...

    async def respond(self, effect: Respond) -> Carried_co:
        """Give the answer to those who wait for the execution."""
        ...


async def carry_out(effect: Effect, services: EffectHandler[Carried_co]) -> Carried_co:
    """Call the method of `services` that the effect is meant for."""
    match effect:
        case Sleep():
            return await services.sleep(effect)
        case RunWorkflow():
            return await services.run_workflow(effect)
        case Publish():
            return await services.publish(effect)
        case Respond():
            return await services.respond(effect)
