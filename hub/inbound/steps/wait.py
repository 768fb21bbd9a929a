"""Waiting for the executions of a request, as far as its sender waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import described
from hub.inbound.http.arrival import Arrival
from hub.inbound.parts import PipelineParts
from hub.model.stored.execution import ExecutionRecord
from hub.model.times import SECOND
from hub.sdk.dialect import Receipt, StartedExecution, WaitedReceipt
from hub.sdk.vendor import Vendor

__all__ = ["wait_for_executions"]

_MARGIN = 0.5
"""Seconds before the vendor's deadline at which the wait ends, so that an answer is made and leaves in time."""
_MARGIN_SHARE = 0.2
"""What the margin is at most of a short deadline."""

Note = Callable[[str, Exception], None]
"""Remembers what failed, and the exception."""


async def wait_for_executions(
    receipt: Receipt, arrival: Arrival, vendor: Vendor | None, parts: PipelineParts, note: Note, *, answer_only: bool
) -> WaitedReceipt:
    """Wait until all executions have ended, or the first of them has answered by a `respond` node.

    Args:
        receipt: The accepted request with its executions.
        arrival: The request as it came in.
        vendor: The vendor that the source is bound to: it waits no longer than its deadline.
        parts: The collaborators of the steps.
        note: Told what fails; the execution then counts as unfinished.
        answer_only: Only an answer is wanted: an execution that cannot answer any more is not waited for.

    Returns:
        The receipt with each execution, None for one that was not waited for to its end. After an answer, only the
        execution that gave it.
    """
    org, started = receipt.source.org, receipt.started
    deadline = arrival.received + int(_seconds(vendor, parts) * SECOND)

    async def one(execution: StartedExecution) -> ExecutionRecord | None:
        try:
            return await parts.engine.wait(org, execution.execution, deadline, answer_only=answer_only)
        except Exception as error:  # noqa: BLE001 - an accepted request is answered all the same
            note(f"the wait for an execution failed: {described(error)}", error)
            return None

    executions = [await one(started[0])] if len(started) == 1 else await _first_answer([one(each) for each in started])
    envelopes = [await _envelope(found, parts, note) for found in executions]
    urls = tuple([parts.status_url(org, each.execution) for each in started])
    return WaitedReceipt(receipt, tuple(executions), tuple(envelopes), urls)


def _seconds(vendor: Vendor | None, parts: PipelineParts) -> float:
    if vendor is None:
        return parts.wait_seconds
    margin = min(_MARGIN, vendor.deadline * _MARGIN_SHARE)
    return min(parts.wait_seconds, vendor.deadline - margin)


async def _first_answer(waits: list[Any]) -> list[ExecutionRecord | None]:
    """What all waits find, in their order; as soon as one finds an answer, only that one counts."""
    answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    found: list[ExecutionRecord | None] = [None] * len(waits)

    async def one(place: int, wait: Any) -> None:
        record = found[place] = await wait
        if record is not None and record.answer is not None and not answered.done():
            answered.set_result(place)

    everything = asyncio.gather(*(one(place, wait) for place, wait in enumerate(waits)))
    both: set[asyncio.Future[Any]] = {everything, answered}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        everything.cancel()
        answered.cancel()
    if answered.cancelled():
        return found
    first = answered.result()
    return [record if place == first else None for place, record in enumerate(found)]


async def _envelope(execution: ExecutionRecord | None, parts: PipelineParts, note: Note) -> Mapping[str, Any] | None:
    """The download envelope of a large result; without one, it is answered whole."""
    if execution is None:
        return None
    try:
        return await parts.envelope(execution)
    except Exception as error:  # noqa: BLE001 - as above
        note(f"the link to a large result failed: {described(error)}", error)
        return None
