"""Actions that steer the execution: transform, sleep, fail, respond, workflow.run, publish.

All of them are pure functions of their input; the last four leave the doing to the engine (`services`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.errors import ActionFailed
from hub.sdk.action import Action, ActionContext
from hub.workflows.actions.values import HeaderValue
from hub.workflows.effects import Publish, Respond, RunWorkflow, Sleep

__all__ = [
    "FAIL",
    "PUBLISH",
    "RESPOND",
    "SLEEP",
    "TRANSFORM",
    "WORKFLOW_RUN",
    "FailInput",
    "PublishInput",
    "RespondInput",
    "SleepInput",
    "TransformInput",
    "WorkflowRunInput",
]

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LONGEST_SLEEP = 31_536_000.0


class TransformInput(BaseModel):
    """Settings of `transform`."""

    model_config = _STRICT

    value: Annotated[Any, Field(description="Any JSON value with expressions in it; its rendered value is the output.")]


class SleepInput(BaseModel):
    """Settings of `sleep`: exactly one of the two."""

    model_config = _STRICT

    seconds: Annotated[float | None, Field(ge=0, le=_LONGEST_SLEEP, description="How long; fractions are allowed.")] = (
        None
    )
    until: Annotated[
        datetime | None, Field(description="ISO 8601 time, or seconds since 1970; a time without a zone is UTC.")
    ] = None

    @model_validator(mode="after")
    def _one(self) -> SleepInput:
        if (self.seconds is None) == (self.until is None):
            raise ValueError("give either seconds or until")
        return self


class FailInput(BaseModel):
    """Settings of `fail`."""

    model_config = _STRICT

    message: Annotated[str, Field(min_length=1, max_length=10_000, description="The error of the execution.")]


class RespondInput(BaseModel):
    """Settings of `respond`."""

    model_config = _STRICT

    status: Annotated[int, Field(ge=200, le=599, description="HTTP status.")] = 200
    headers: Annotated[dict[str, HeaderValue], Field(description="Response headers.")] = {}
    body: Annotated[Any, Field(description="null is an empty body, a string is text, any other value is JSON.")] = None

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"{name[:40]!r} is not a valid header name")
            if _UNSENDABLE.search(value) or len(value) > 8_192:
                raise ValueError(f"the value of {name} contains control characters or is too long")
        return headers


class WorkflowRunInput(BaseModel):
    """Settings of `workflow.run`."""

    model_config = _STRICT

    workflow: Annotated[
        str,
        Field(pattern=r"^(wf_[0-9a-zA-Z]{22}|[0-9a-fA-F-]{36})$", description="Id of the workflow (`wf_…`)."),
    ]
    data: Annotated[Any, Field(description="What that workflow sees as TRIGGER.")] = None
    wait: Annotated[bool, Field(description="Wait for its result, which is then the output.")] = True


class PublishInput(BaseModel):
    """Settings of `publish`."""

    model_config = _STRICT

    type: Annotated[str, Field(min_length=1, max_length=200, description="Event type.")]
    data: Annotated[Any, Field(description="The event's data.")]
    client: Annotated[
        str | None, Field(max_length=200, description="Only subscriptions of this client receive it.")
    ] = None
    ordering_key: Annotated[
        str | None, Field(max_length=200, description="Events with the same key arrive in order.")
    ] = None


async def _transform(settings: TransformInput, _context: ActionContext) -> Any:
    return settings.value


async def _sleep(settings: SleepInput, _context: ActionContext) -> Sleep:
    until = settings.until
    if until is not None and until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return Sleep(settings.seconds, until)


async def _fail(settings: FailInput, _context: ActionContext) -> Any:
    raise ActionFailed(settings.message, retryable=False)


async def _respond(settings: RespondInput, _context: ActionContext) -> Respond:
    return Respond(settings.status, settings.headers, settings.body)


async def _run_workflow(settings: WorkflowRunInput, _context: ActionContext) -> RunWorkflow:
    return RunWorkflow(settings.workflow, settings.data, settings.wait)


async def _publish(settings: PublishInput, _context: ActionContext) -> Publish:
    return Publish(settings.type, settings.data, settings.client, settings.ordering_key)


TRANSFORM = Action(
    name="transform", input=TransformInput, run=_transform, summary="Compute a value from expressions", pure=True
)
SLEEP = Action(name="sleep", input=SleepInput, run=_sleep, summary="Wait for a time; survives a restart")
FAIL = Action(name="fail", input=FailInput, run=_fail, summary="End the execution as failed", pure=True)
RESPOND = Action(name="respond", input=RespondInput, run=_respond, summary="Answer the waiting sender now")
WORKFLOW_RUN = Action(
    name="workflow.run", input=WorkflowRunInput, run=_run_workflow, summary="Run another workflow, waiting or not"
)
PUBLISH = Action(name="publish", input=PublishInput, run=_publish, summary="Publish an event to subscribers")
