"""One try of a node: resolve its connections, check its input, run its action, and report the result."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import ValidationError

from hub.engine.action.connections import fetch_connections, references_in
from hub.engine.action.context import CallContext
from hub.engine.action.results import TryFailed, TrySucceeded
from hub.errors import ActionFailed, AddressRefused
from hub.model.faults import in_json_words
from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.model.masking import Mask
from hub.plugins.calling import answer_of, awaited
from hub.ports.store import Access
from hub.sdk.action import Action
from hub.workflows.definition.workflow import CompiledNode
from hub.workflows.effects import Effect, Publish, Respond, RunWorkflow, Sleep
from hub.workflows.expressions.references import resolve
from hub.workflows.limits import MAX_INPUT

__all__ = ["LONGEST", "perform"]

LONGEST = 3_600.0
"""Seconds that a try may take if its node sets no `timeout`."""


async def perform(
    node: CompiledNode, rendered: Any, call: CallContext, access: Access, org: Id
) -> TrySucceeded | Effect | TryFailed:
    """Run the node's action once.

    Args:
        node: The node, with its action and timeout.
        rendered: The rendered `with`, in which connections are still references.
        call: The context that the action is given.
        access: Reads the values of connections.
        org: Owner of the connections.

    Returns:
        `TrySucceeded` with the output, a JSON value with secrets masked; `TryFailed`; or an effect that the engine has
        to carry out.
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
        return TrySucceeded(_kept(output, mask, trusted=node.pure and "." not in node.action.name))
    except ValidationError as error:
        return TryFailed(mask.text(_faults(error)), retryable=False)
    except ActionFailed as error:
        return TryFailed(mask.text(str(error)), error.retryable, error.retry_after)
    except AddressRefused as error:
        return TryFailed(error.public, retryable=False)
    except Exception as error:  # noqa: BLE001 - an action is a plugin's code: any error of it is a failure of its node
        text = str(error)
        return TryFailed(mask.text(f"{type(error).__name__}: {text}" if text else type(error).__name__))


async def _run(action: Action, settings: Any, call: CallContext) -> Any:
    owner = _owner(action)
    return await awaited(owner, answer_of(owner, action.run, (settings, call)))


def _owner(action: Action) -> str:
    """The plugin that an action belongs to: the part of its name before the dot. The core's actions have no dot."""
    return action.name.partition(".")[0]


async def _within(seconds: float, action: Action, settings: Any, call: CallContext) -> Any:
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _run(action, settings, call)
    except TimeoutError as error:
        if limit.expired():
            raise ActionFailed(f"no result within {seconds:g} s") from error
        raise


def _kept(output: Any, mask: Mask, *, trusted: bool) -> Any:
    """The output as the journal returns it after a restart, so that dependent nodes see the same before and after.

    Args:
        output: What the action returned.
        mask: Hides the values of connections.
        trusted: The action is a pure one of the core, which returns JSON values only.
    """
    if trusted and not mask:
        return output
    try:
        data = dumps(output)
        if len(data) > MAX_INPUT:
            raise ActionFailed(f"the output has {len(data)} bytes; at most {MAX_INPUT} are kept", retryable=False)
        return mask.value(loads(data))
    except ValueError as error:
        raise ActionFailed(f"the output is not a JSON value: {error}", retryable=False) from error


def _faults(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'with'}: {in_json_words(fault['msg'])}" for fault in faults[:5]
    )
