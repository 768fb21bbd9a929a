"""Step 9, reply: the first that applies of design 3 answers the sender."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import Reject
from hub.inbound.dialects.payloads import switched_on
from hub.inbound.evidence.refusals import Refused
from hub.inbound.http.arrival import Arrival
from hub.inbound.inbound_request import Journey
from hub.inbound.steps.accept import Committed
from hub.inbound.steps.read import Reading
from hub.model.ids import Id, base62
from hub.model.json import dumps
from hub.model.stored.execution import ExecutionRecord
from hub.model.stored.source import ResponseMode
from hub.model.times import SECOND
from hub.model.wire.grant import Grant, Outcome
from hub.model.wire.reply import Reply
from hub.model.wire.request import Request
from hub.plugins.host import Plugins
from hub.ports.engine import Engine
from hub.sdk.context import Source
from hub.sdk.dialect import Receipt, Refusal, Waited

__all__ = ["Envelope", "NodeOutputs", "Replier", "StatusUrl"]

NodeOutputs = Callable[[ExecutionRecord], Awaitable[Mapping[str, tuple[str, Any]]]]
"""Execution -> node id -> (name, output) of the nodes that succeeded, in order of finish."""
Envelope = Callable[[ExecutionRecord], Awaitable[Mapping[str, Any] | None]]
"""Execution -> download envelope when its result is over the threshold, else None."""
StatusUrl = Callable[[Id, Id], str]
"""Org and execution -> a URL that tells its state to whoever holds it."""


@dataclass(frozen=True, kw_only=True)
class Replier:
    """Chooses the reply.

    Attributes:
        wait_seconds: Longest wait of a synchronous answer, from the receipt of the request.
    """

    plugins: Plugins
    engine: Engine
    outputs: NodeOutputs
    envelope: Envelope
    status_url: StatusUrl
    wait_seconds: float = 30.0

    def waits(self, journey: Journey) -> bool:
        """Whether the sender waits for a result, whatever the workflow does."""
        mode = journey.identified.gate.source.spec.response.mode
        return journey.arrival.route.flavour == "wait" or mode != "minimal"

    async def reply(
        self,
        journey: Journey,
        request: Request,
        context: Source,
        grant: Grant,
        reading: Reading,
        committed: Committed,
        *,
        responds: bool,
    ) -> Reply:
        """The answer to an accepted request; `responds`: a workflow may answer by a `respond` node.

        Raises:
            Refused: The vendor's own code failed: 503; the sender's retry is a duplicate.
        """
        arrival, source = journey.arrival, journey.identified.gate.source
        mode = source.spec.response
        receipt = _receipt(request, journey, reading, committed)
        waited = None
        if committed.started and (responds or self.waits(journey)):
            waited = await self._wait(receipt, arrival)
        reply = await self._waiting_reply(arrival, mode, receipt, waited)
        if reply is None:
            reply = await self._vendor_reply(journey, request, context, grant, reading, receipt, waited)
        if reply is None:
            reply = _echoed(arrival, receipt) or arrival.dialect.accepted(receipt)
        return _custom(reply, mode)

    async def _wait(self, receipt: Receipt, arrival: Arrival) -> Waited:
        """Every execution's end, or None for those that are not finished by the deadline."""
        org = receipt.source.org
        deadline = arrival.received + int(self.wait_seconds * SECOND)
        executions = [await self.engine.wait(org, one.execution, deadline) for one in receipt.started]
        envelopes = [await self.envelope(one) if one is not None else None for one in executions]
        urls = tuple(self.status_url(org, one.execution) for one in receipt.started)
        return Waited(receipt, tuple(executions), tuple(envelopes), urls)

    async def _waiting_reply(
        self, arrival: Arrival, mode: ResponseMode, receipt: Receipt, waited: Waited | None
    ) -> Reply | None:
        """A `respond` node's answer, a response mode other than minimal, or the result that /wait asks for."""
        if waited is not None:
            for execution in waited.executions:
                if execution is not None and execution.answer is not None:
                    said = execution.answer
                    return Reply(int(said.get("status") or 200), said.get("body"), dict(said.get("headers") or {}))
        if arrival.route.flavour == "wait" and arrival.dialect.waited is not None:
            return arrival.dialect.waited(waited or Waited(receipt, ()))
        if waited is None or mode.mode == "minimal":
            return None
        return await self._mode_reply(mode, waited)

    async def _mode_reply(self, mode: ResponseMode, waited: Waited) -> Reply:
        """lastNode, specificNode and allNodes (protocols.md 2); a failed execution is never a 200."""
        execution = waited.executions[-1]
        if execution is None:
            link, number = waited.status_urls[-1], _exec(waited.receipt.started[-1].execution)
            return Reply(202, {"success": True, "executionId": number, "statusUrl": link}, {"location": link})
        if execution.state != "succeeded":
            error = execution.error
            why = {"node": error.node, "message": error.message} if error else {"message": execution.state}
            return Reply(500, {"success": False, "executionId": _exec(execution.id), "error": why})
        nodes = await self.outputs(execution)
        if mode.mode == "allNodes":
            return _json({node: {"name": name, "output": output} for node, (name, output) in nodes.items()})
        if mode.mode == "specificNode":
            return _json(nodes.get(mode.node or "", ("", None))[1])
        return _json(next(reversed(list(nodes.values())))[1] if nodes else None)

    async def _vendor_reply(  # noqa: PLR0917 - what a vendor may know of its request
        self,
        journey: Journey,
        request: Request,
        context: Source,
        grant: Grant,
        reading: Reading,
        receipt: Receipt,
        waited: Waited | None,
    ) -> Reply | None:
        """The bound vendor's own acknowledgement, None to leave it to the dialect."""
        vendor = journey.vendor
        if vendor is None or vendor.reply is None or isinstance(vendor.reply, Reply):
            return None if vendor is None else vendor.reply  # type: ignore[return-value] # narrowed above
        last = waited.executions[-1] if waited is not None else None
        outcome = Outcome(reading.events, grant, receipt.duplicate, last.result if last is not None else None)
        try:
            reply: Reply | None = await self.plugins.ask(
                vendor.name, journey.clock, vendor.reply, request, context, outcome
            )
        except Reject as reject:
            raise Refused(Refusal("reply", "vendor", reject.status, reject.reason)) from reject
        except Exception as error:
            reason = f"plugin {vendor.name} failed in reply: {type(error).__name__}: {error}"
            raise Refused(Refusal("reply", "plugin", 503, reason)) from error
        return reply


def _receipt(request: Request, journey: Journey, reading: Reading, committed: Committed) -> Receipt:
    parsed = reading.parsed
    batch = len(reading.events) > 1 if journey.vendor is not None or parsed is None else parsed.batch
    return Receipt(
        request=request,
        source=journey.identified.gate.source,
        started=committed.started,
        payload=parsed.whole if parsed is not None else None,
        batch=batch,
        duplicate=committed.accepted.duplicate,
    )


def _echoed(arrival: Arrival, receipt: Receipt) -> Reply | None:
    """The reply that `echo` and `empty_echo` ask for, None without them (Tracecat, protocols.md 1)."""
    if not arrival.dialect.echoes:
        return None
    if switched_on(arrival.query, "empty_echo"):
        return Reply(200)
    if not switched_on(arrival.query, "echo"):
        return None
    reply = arrival.dialect.accepted(receipt)
    return Reply(reply.status, {**reply.body, "payload": receipt.payload}, reply.headers)


def _custom(reply: Reply, mode: ResponseMode) -> Reply:
    """The reply with the source's own headers, and its own status unless the reply tells of a failure."""
    if mode.status is None and not mode.headers:
        return reply
    status = mode.status if mode.status is not None and reply.status < 400 else reply.status
    return Reply(status, reply.body, {**reply.headers, **mode.headers}, reply.media_type, reply.keep)


def _json(value: Any) -> Reply:
    return Reply(200, dumps(value), media_type="application/json")


def _exec(execution: Id) -> str:
    """FlowTrux's form of an execution id."""
    return f"exec-{base62(execution)}"
