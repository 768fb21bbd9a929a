"""Step 9, reply: the first rule that applies answers the sender.

In order: a `respond` node, the result that /wait asks for, a response mode other than minimal, the vendor's reply, the
echo flags, the dialect's default. (A handshake has been answered in step 4.)

The request is committed, so no failure of the hub or of a plugin may make its answer an error: the sender would send it
again for nothing. A rule that fails is noted on the request, and the dialect's default answers instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from hub.errors import PluginError, described
from hub.inbound.dialects.payloads import switched_on
from hub.inbound.http.arrival import Arrival
from hub.inbound.parts import PipelineParts
from hub.inbound.sendable import sendable
from hub.inbound.stages import AcceptedRequest
from hub.inbound.steps.wait import wait_for_executions
from hub.inbound.vendor_answers import ask_reply, checked_reply
from hub.model.ids import Id, base62, write_id
from hub.model.json import dumps
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import ResponseMode
from hub.model.wire.grant import Outcome
from hub.model.wire.reply import Reply
from hub.plugins.clock import RequestClock
from hub.sdk.dialect import Receipt, WaitedReceipt
from hub.sdk.vendor import Vendor

__all__ = ["REPLY_SECONDS", "reply"]

REPLY_SECONDS = 1.0
"""What a vendor's reply may take where less of the vendor's deadline is left."""

log = structlog.get_logger(__name__)

_MANY_STARTED = 500


async def reply(accepted: AcceptedRequest, parts: PipelineParts) -> Reply:
    """Wait for the executions if the sender does, choose the answer, and store the secrets that a vendor's reply keeps.

    Only cancelling it ends it without a reply.
    """
    rules = _Rules(accepted, parts)
    answer = await rules.first()
    if rules.faults:
        record = accepted.prepared.read.verified.record
        parts.store.inbound.note(record.org, record.id, "; ".join(rules.faults))
    return answer


class _Rules:
    """The rules for one accepted request.

    Attributes:
        faults: Why rules failed, for the operator.
    """

    def __init__(self, accepted: AcceptedRequest, parts: PipelineParts) -> None:
        self._accepted = accepted
        self._parts = parts
        identified = accepted.prepared.read.verified.identified
        self._arrival, self._source = identified.arrival, identified.source
        self._vendor = identified.vendor
        self._waited: WaitedReceipt | None = None
        self.faults: list[str] = []

    async def first(self) -> Reply:
        """The answer of the first rule that gives one; an empty 200 if even the dialect's default fails."""
        try:
            receipt = _receipt(self._accepted)
            for rule in (self._waiting, self._of_vendor, self._default):
                answer = await self._tried(rule, receipt)
                if answer is not None:
                    return _custom(answer, self._source.spec.response)
        except Exception as error:  # noqa: BLE001 - no failure may make the answer an error
            self._note(described(error), error)
        return Reply(200)

    async def _tried(self, rule: Callable[[Receipt], Awaitable[Reply | None]], receipt: Receipt) -> Reply | None:
        try:
            return await rule(receipt)
        except PluginError as error:
            self._note(str(error))
        except Exception as error:  # noqa: BLE001 - the next rule answers
            self._note(f"{rule.__name__.strip('_')}: {described(error)}", error)
        return None

    def _note(self, fault: str, error: Exception | None = None) -> None:
        """Remember a fault; one of the hub's own is logged, one of a plugin was logged where it was blamed."""
        self.faults.append(f"accepted, but answered by default: {' '.join(fault.split())[:500]}")
        if error is not None:
            request = write_id("req", self._arrival.id)
            log.warning("the answer to an accepted request failed", request=request, fault=fault, exc_info=error)

    async def _waiting(self, receipt: Receipt) -> Reply | None:
        """The answer of a `respond` node, the result that /wait asks for, or that of another mode than minimal."""
        prepared, arrival, parts = self._accepted.prepared, self._arrival, self._parts
        if self._accepted.started and (prepared.responds or prepared.waits):
            result_wanted = prepared.waits
            self._waited = await wait_for_executions(
                receipt, arrival, self._vendor, parts, self._note, answer_only=not result_wanted
            )
            for execution in self._waited.executions:
                if execution is not None and execution.answer is not None:
                    said = execution.answer
                    own = Reply(int(said.get("status") or 200), said.get("body"), dict(said.get("headers") or {}))
                    own.encoded()  # raises for what cannot be sent
                    return own
        mode = self._source.spec.response
        if arrival.route.flavour == "wait" and arrival.dialect.waited is not None:
            return await self._of_dialect("waited", arrival.dialect.waited, self._waited or WaitedReceipt(receipt, ()))
        if self._waited is None or mode.mode == "minimal":
            return None
        return await _mode_reply(mode, self._waited, parts)

    async def _of_vendor(self, _receipt: Receipt) -> Reply | None:
        """The bound vendor's own acknowledgement, None to leave it to the dialect. Duplicates are acknowledged too."""
        vendor = self._vendor
        if vendor is None or vendor.reply is None:
            return None
        clock = RequestClock(max(self._accepted.prepared.read.verified.clock.remaining(), REPLY_SECONDS))
        if isinstance(vendor.reply, Reply):
            answer: Reply | None = checked_reply(vendor, vendor.reply, self._parts.plugins)
        else:
            answer = await self._asked(vendor, vendor.reply, clock)
        if answer is not None and answer.keep:
            keep = tuple([KeptSecret(one.slot, one.value, one.label) for one in answer.keep])
            async with asyncio.timeout(max(clock.remaining(), REPLY_SECONDS)):
                await self._parts.store.sources.keep(self._source.org, self._source.id, keep)
        return answer

    async def _asked(self, vendor: Vendor, own: Callable[..., Any], clock: RequestClock) -> Reply | None:
        read = self._accepted.prepared.read
        verified = read.verified
        last = self._waited.executions[-1] if self._waited is not None else None
        outcome = Outcome(
            read.events, verified.grant, self._accepted.duplicate, last.result if last is not None else None
        )
        context = self._parts.contexts.of(verified.identified, vendor, verified.request, clock)
        return await ask_reply(
            vendor, own, verified.request, context, outcome, clock=clock, plugins=self._parts.plugins
        )

    async def _default(self, receipt: Receipt) -> Reply:
        """What the echo flags ask for, else the dialect's own acknowledgement."""
        return await self._of_dialect(
            "accepted", lambda told: _echoed(self._arrival, told) or self._arrival.dialect.accepted(told), receipt
        )

    async def _of_dialect(self, what: str, function: Callable[[Any], Reply], told: Receipt | WaitedReceipt) -> Reply:
        """What a function of the dialect answers. Raises `PluginError`; the plugin that brings it is blamed."""
        receipt = told if isinstance(told, Receipt) else told.receipt

        def answer() -> Reply:
            return sendable(function(told))

        try:
            # An answer that lists very many executions takes long to write; others are served meanwhile.
            return await asyncio.to_thread(answer) if len(receipt.started) > _MANY_STARTED else answer()
        except Exception as error:
            raise self._parts.plugins.blame("dialect", self._arrival.dialect.name, what, error) from error


def _receipt(accepted: AcceptedRequest) -> Receipt:
    read = accepted.prepared.read
    identified, parsed = read.verified.identified, read.parsed
    batch = len(read.events) > 1 if identified.vendor is not None or parsed is None else parsed.batch
    return Receipt(
        request=read.verified.request,
        source=identified.source,
        started=accepted.started,
        payload=parsed.whole if parsed is not None and (parsed.batch or parsed.payloads) else None,
        batch=batch,
        duplicate=accepted.duplicate,
    )


async def _mode_reply(mode: ResponseMode, waited: WaitedReceipt, parts: PipelineParts) -> Reply:
    """The modes lastNode, specificNode and allNodes, in FlowTrux's shapes; a failed execution is never a 200."""
    execution = waited.executions[-1]
    if execution is None:
        link, number = waited.status_urls[-1], _flowtrux_id(waited.receipt.started[-1].execution)
        return Reply(202, {"success": True, "executionId": number, "statusUrl": link}, {"location": link})
    if execution.state != "succeeded":
        error = execution.error
        why = {"node": error.node, "message": error.message} if error else {"message": execution.state}
        return Reply(500, {"success": False, "executionId": _flowtrux_id(execution.id), "error": why})
    nodes = await parts.node_outputs(execution)
    if mode.mode == "allNodes":
        return _json({node: {"name": name, "output": output} for node, (name, output) in nodes.items()})
    if mode.mode == "specificNode":
        return _json(nodes.get(mode.node or "", ("", None))[1])
    return _json(next(reversed(list(nodes.values())))[1] if nodes else None)


def _echoed(arrival: Arrival, receipt: Receipt) -> Reply | None:
    """The reply that Tracecat's `echo` and `empty_echo` ask for, None without them."""
    if not arrival.dialect.echoes:
        return None
    if switched_on(arrival.query, "empty_echo"):
        return Reply(200)
    if not switched_on(arrival.query, "echo"):
        return None
    answer = arrival.dialect.accepted(receipt)
    return Reply(answer.status, {**answer.body, "payload": receipt.payload}, answer.headers)


def _custom(answer: Reply, mode: ResponseMode) -> Reply:
    """The reply with the source's own headers, and with its own status unless the reply tells of a failure."""
    if mode.status is None and not mode.headers:
        return answer
    status = mode.status if mode.status is not None and answer.status < 400 else answer.status
    return Reply(status, answer.body, {**answer.headers, **mode.headers}, answer.media_type, answer.keep)


def _json(value: Any) -> Reply:
    return Reply(200, dumps(value), media_type="application/json")


def _flowtrux_id(execution: Id) -> str:
    """An execution id in the form that FlowTrux's senders know."""
    return f"exec-{base62(execution)}"
