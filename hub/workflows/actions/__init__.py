"""The core's actions; plugins add more through `registry.action`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hub.sdk.action import Action
from hub.workflows.actions.control import FAIL, PUBLISH, RESPOND, SLEEP, TRANSFORM, WORKFLOW_RUN
from hub.workflows.actions.http import HTTP_REQUEST

__all__ = ["CORE_ACTIONS"]

CORE_ACTIONS: Mapping[str, Action] = MappingProxyType(
    {action.name: action for action in (TRANSFORM, HTTP_REQUEST, PUBLISH, WORKFLOW_RUN, SLEEP, FAIL, RESPOND)}
)
"""By name. `sleep`, `workflow.run`, `publish` and `respond` return effects (`hub.workflows.effects`)."""
