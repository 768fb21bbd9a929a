"""One try of a node: resolve its references, check its input, run its action, and say how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from hub.engine.action.connections import fetch_connections, references_in
from hub.engine.action.context import Call
from hub.engine.action.effects import Done
from hub.errors import ActionFailed, AddressRefused
from hub.model.faults import in_json_words
from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.model.masking import Mask
from hub.plugins.calling import answer_of, awaited
from hub.ports.store import Access
from hub.sdk.action import Action
from hub.workflows.definition.workflow import CompiledNode
from hub.workflows.expressions.references import resolve
from hub.workflows.limits import MAX_INPUT
from hub.workflows.services import Effect, Publish, Respond, RunWorkflow, Sleep

__all__ = ["LONGEST", "Broken", "perform"]

LONGEST = 3_600.0
"""Seconds that a try may take where its node sets no `timeout`."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A try that failed: why (secrets masked), whether another may help, and when the other side wants it (seconds)."""

    message: str
    retryable: bool = True
    retry_after: float | None = None


async def perform(node: CompiledNode, rendered: Any, call: Call, access: Access, org: Id) -> Done | Effect | Broken:
    """Run the node's action once.

    Args:
        node: Its action, timeout and purity.
        rendered: The rendered `with`, connection references unresolved.
        call: Goes to the action as its context.
        access: For the values of connections.
        org: Owner of the connections.

    Returns:
        `Done` with the output, a JSON value with secrets masked; an effect for the engine to carry out; or `Broken`.
    """
    mask = Mask()
    try:
        if node.connections:
            found, mask = await fetch_connections(access, org, references_in(rendered))
            rendered = resolve(rendered, found.get)
            call.mask = mask
        settings = answer_of(_owner(node.action), node.action.input.model_validate, (rendered,))
        if node.pure:
            output = await _run(node.action, settings, call)
        else:
            output = await _within(node.timeout or LONGEST, node.action, settings, call)
        if isinstance(output, Sleep | RunWorkflow | Publish | Respond):
            return output
        return Done(_kept(output, mask, trusted=node.pure and "." not in node.action.name))
    except ValidationError as error:
        return Broken(mask.text(_faults(error)), retryable=False)
    except ActionFailed as error:
        return Broken(mask.text(str(error)), error.retryable, error.retry_after)
    except AddressRefused as error:
        return Broken(error.public, retryable=False)
    except Exception as error:  # noqa: BLE001 - an action is a plugin's code: whatever it raises is its node's failure
        text = str(error)
        return Broken(mask.text(f"{type(error).__name__}: {text}" if text else type(error).__name__))


async def _run(action: Action, settings: Any, call: Call) -> Any:
    owner = _owner(action)
    return await awaited(owner, answer_of(owner, action.run, (settings, call)))


def _owner(action: Action) -> str:
    """The plugin to blame; the core's actions have no dot."""
    return action.name.partition(".")[0]


async def _within(seconds: float, action: Action, settings: Any, call: Call) -> Any:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _run(action, settings, call)
    except TimeoutError as error:
        if limit.expired():
            raise ActionFailed(f"no result within {seconds:g} s") from error
        raise


def _kept(output: Any, mask: Mask, *, trusted: bool) -> Any:
    """The output as the journal gives it back after a restart, so that dependents see the same before and after.

    `trusted`: a pure action of the core, which gives JSON values only.
    """
    if trusted and not mask:
        return output
    try:
        data = dumps(output)
        if len(data) > MAX_INPUT:
            raise ActionFailed(f"the output has {len(data)} bytes; at most {MAX_INPUT} are kept", retryable=False)
        return mask.value(loads(data))
    except ValueError as error:
        raise ActionFailed(f"the output is no JSON value: {error}", retryable=False) from error


def _faults(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'with'}: {in_json_words(fault['msg'])}" for fault in faults[:5]
    )
