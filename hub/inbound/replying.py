"""Step 9, reply: the first that applies of design 3 answers the sender."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hub.errors import Reject
from hub.inbound.arrival import Arrival
from hub.inbound.refused import Refused
from hub.model.execution import ExecutionRecord
from hub.model.grant import Outcome
from hub.model.ids import Id, base62
from hub.model.json import dumps
from hub.model.reply import Reply
from hub.model.request import Request
from hub.model.source import ResponseMode
from hub.plugins.clock import RequestClock
from hub.plugins.context import Source
from hub.plugins.dialect import Receipt, Refusal, Waited
from hub.plugins.host import Plugins
from hub.plugins.vendor import Vendor

__all__ = ["echoed", "mode_reply", "responded", "vendor_reply", "with_custom"]

NodeOutputs = Callable[[ExecutionRecord], Awaitable[Mapping[str, tuple[str, Any]]]]
"""Execution -> node id -> (name, output) of the nodes that succeeded, in order of finish."""


def responded(execution: ExecutionRecord) -> Reply | None:
    """What a `respond` node said, None when none ran."""
    answer = execution.answer
    if answer is None:
        return None
    return Reply(int(answer.get("status") or 200), answer.get("body"), dict(answer.get("headers") or {}))


async def vendor_reply(
    request: Request, source: Source, vendor: Vendor, outcome: Outcome, plugins: Plugins, clock: RequestClock
) -> Reply | None:
    """The vendor's own acknowledgement, None to leave it to the dialect.

    Raises:
        Refused: The vendor's code failed after the request was accepted: 503, the sender's retry is a duplicate.
    """
    if vendor.reply is None or isinstance(vendor.reply, Reply):
        return vendor.reply
    try:
        reply: Reply | None = await plugins.ask(vendor.name, clock, vendor.reply, request, source, outcome)
    except Reject as reject:
        raise Refused(Refusal("reply", "vendor", reject.status, reject.reason)) from reject
    except Exception as error:
        reason = f"plugin {vendor.name} failed in reply: {type(error).__name__}: {error}"
        raise Refused(Refusal("reply", "plugin", 503, reason)) from error
    return reply


def echoed(arrival: Arrival, receipt: Receipt) -> Reply | None:
    """The reply that `echo` and `empty_echo` ask for, None without them (Tracecat, protocols.md 1)."""
    if not arrival.dialect.echoes:
        return None
    if arrival.flag("empty_echo"):
        return Reply(200)
    if not arrival.flag("echo"):
        return None
    reply = arrival.dialect.accepted(receipt)
    return Reply(reply.status, {**reply.body, "payload": receipt.payload}, reply.headers)


async def mode_reply(mode: ResponseMode, waited: Waited, outputs: NodeOutputs) -> Reply:
    """lastNode, specificNode and allNodes (protocols.md 2).

    Raises:
        Refused: 500 with the execution and node that failed; the sender must not take it for success.
    """
    execution = waited.executions[-1]
    if execution is None:
        started = waited.receipt.started[-1]
        link = waited.status_urls[-1]
        return Reply(
            202, {"success": True, "executionId": _id(started.execution), "statusUrl": link}, {"location": link}
        )
    if execution.state != "succeeded":
        node = execution.error.node if execution.error is not None else None
        message = execution.error.message if execution.error is not None else f"execution {execution.state}"
        return Reply(
            500, {"success": False, "executionId": _id(execution.id), "error": {"node": node, "message": message}}
        )
    nodes = await outputs(execution)
    if mode.mode == "allNodes":
        return _json({node: {"name": name, "output": output} for node, (name, output) in nodes.items()})
    if mode.mode == "specificNode":
        _name, output = nodes.get(mode.node or "", ("", None))
        return _json(output)
    return _json(next(reversed(nodes.values()))[1] if nodes else None)


def with_custom(reply: Reply, mode: ResponseMode) -> Reply:
    """The reply with the source's own status and headers, which apply in every mode."""
    if mode.status is None and not mode.headers:
        return reply
    status = mode.status if mode.status is not None and reply.status < 400 else reply.status
    return Reply(status, reply.body, {**reply.headers, **mode.headers}, reply.media_type, reply.keep)


def _json(value: Any) -> Reply:
    return Reply(200, dumps(value), media_type="application/json")


def _id(execution: Id) -> str:
    return f"exec-{base62(execution)}"
