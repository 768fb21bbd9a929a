"""Step 9, reply: the first rule that applies answers the sender.

In order: a `respond` node, the result that /wait asks for, a response mode other than minimal, the vendor's reply, the
echo flags, the dialect's default. (A handshake has been answered in step 4.)
"""

from __future__ import annotations

from typing import Any

from hub.inbound.dialects.payloads import switched_on
from hub.inbound.http.arrival import Arrival
from hub.inbound.parts import PipelineParts
from hub.inbound.stages import AcceptedRequest
from hub.inbound.vendor_answers import ask_vendor
from hub.model.ids import Id, base62
from hub.model.json import dumps
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import ResponseMode
from hub.model.times import SECOND
from hub.model.wire.grant import Outcome
from hub.model.wire.reply import Reply
from hub.sdk.dialect import Receipt, WaitedReceipt

__all__ = ["reply"]


async def reply(accepted: AcceptedRequest, parts: PipelineParts) -> Reply:
    """Wait for the executions if the sender does, choose the answer, and store the secrets that a vendor's reply keeps.

    Raises:
        RequestRefused: 503, the vendor's own code failed. The request stays accepted: a second try is a duplicate.
        StoreUnavailable: The secrets of the vendor's reply were not stored.
    """
    prepared = accepted.prepared
    identified = prepared.read.verified.identified
    arrival, source = identified.arrival, identified.source
    receipt = _receipt(accepted)
    waited = None
    if accepted.started and (prepared.responds or prepared.waits):
        waited = await _wait(receipt, arrival, parts)
    answer = await _waiting_reply(arrival, source.spec.response, receipt, waited, parts)
    if answer is None:
        answer = await _vendor_reply(accepted, waited, parts)
    if answer is None:
        answer = _echoed(arrival, receipt) or arrival.dialect.accepted(receipt)
    answer = _custom(answer, source.spec.response)
    if answer.keep:
        keep = tuple([KeptSecret(one.slot, one.value, one.label) for one in answer.keep])
        await parts.store.sources.keep(source.org, source.id, keep)
    return answer


def _receipt(accepted: AcceptedRequest) -> Receipt:
    read = accepted.prepared.read
    identified, parsed = read.verified.identified, read.parsed
    batch = len(read.events) > 1 if identified.vendor is not None or parsed is None else parsed.batch
    return Receipt(
        request=read.verified.request,
        source=identified.source,
        started=accepted.started,
        payload=parsed.whole if parsed is not None else None,
        batch=batch,
        duplicate=accepted.duplicate,
    )


async def _wait(receipt: Receipt, arrival: Arrival, parts: PipelineParts) -> WaitedReceipt:
    """The end of every execution, None for those that are not finished by the deadline."""
    org = receipt.source.org
    deadline = arrival.received + int(parts.wait_seconds * SECOND)
    executions = [await parts.engine.wait(org, one.execution, deadline) for one in receipt.started]
    envelopes = [await parts.envelope(one) if one is not None else None for one in executions]
    urls = tuple([parts.status_url(org, one.execution) for one in receipt.started])
    return WaitedReceipt(receipt, tuple(executions), tuple(envelopes), urls)


async def _waiting_reply(
    arrival: Arrival, mode: ResponseMode, receipt: Receipt, waited: WaitedReceipt | None, parts: PipelineParts
) -> Reply | None:
    """The answer of a `respond` node, the result that /wait asks for, or that of a response mode other than minimal."""
    if waited is not None:
        for execution in waited.executions:
            if execution is not None and execution.answer is not None:
                said = execution.answer
                return Reply(int(said.get("status") or 200), said.get("body"), dict(said.get("headers") or {}))
    if arrival.route.flavour == "wait" and arrival.dialect.waited is not None:
        return arrival.dialect.waited(waited or WaitedReceipt(receipt, ()))
    if waited is None or mode.mode == "minimal":
        return None
    return await _mode_reply(mode, waited, parts)


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


async def _vendor_reply(accepted: AcceptedRequest, waited: WaitedReceipt | None, parts: PipelineParts) -> Reply | None:
    """The bound vendor's own acknowledgement; None to leave it to the dialect. Duplicates are acknowledged too."""
    read = accepted.prepared.read
    verified = read.verified
    vendor = verified.identified.vendor
    if vendor is None:
        return None
    own = vendor.reply
    if own is None or isinstance(own, Reply):
        return own
    last = waited.executions[-1] if waited is not None else None
    outcome = Outcome(read.events, verified.grant, accepted.duplicate, last.result if last is not None else None)
    return await ask_vendor(
        vendor, "reply", own, verified.request, verified.context, outcome, clock=verified.clock, plugins=parts.plugins
    )


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
