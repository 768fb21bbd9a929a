"""The definition of a workflow as its author writes it, in JSON or YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.errors import Invalid, Problem
from hub.model.json import dumps
from hub.model.pointers import problems_of
from hub.model.retry import Retry
from hub.workflows.definition.document import read_document
from hub.workflows.limits import MAX_DEPTH, MAX_DOCUMENT, MAX_NODES

__all__ = ["Definition", "EventFilter", "ForEach", "Node", "parse"]

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
Condition = Annotated[str, Field(min_length=1, max_length=8_192)] | bool
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=False)


class ForEach(BaseModel):
    """Run a node once per item. Written as only an expression or a list, `concurrency` is 10."""

    model_config = _STRICT

    items: str | list[Any] = Field(description="An expression that gives a list, or a list.")
    concurrency: int = Field(default=10, ge=1, le=100, description="Items that run at the same time.")


def _spelled_out(value: object) -> object:
    return {"items": value} if isinstance(value, str | list) else value


class Node(BaseModel):
    """One step of a workflow."""

    model_config = _STRICT

    id: Identifier = Field(description="Unique in the workflow: a letter or `_`, then letters, digits, `_` and `-`.")
    name: str = Field(default="", max_length=200, description="For people.")
    action: str = Field(min_length=1, max_length=200, description="What it does, such as `http.request`.")
    with_: dict[str, Any] = Field(
        default={}, alias="with", description="Settings of the action; may contain expressions."
    )
    needs: tuple[Identifier, ...] = Field(default=(), description="Ids of nodes that finish before this one starts.")
    if_: Condition | None = Field(
        default=None, alias="if", description="An expression; the node is skipped if it is false."
    )
    for_each: Annotated[ForEach | None, BeforeValidator(_spelled_out)] = Field(
        default=None, description="Run once per item of a list."
    )
    timeout: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        default=None, description="Seconds that one try may take."
    )
    retry: Retry | None = Field(default=None, description="How often and when a failed try is repeated.")


class EventFilter(BaseModel):
    """Which events of a source start the workflow; all given conditions must hold."""

    model_config = _STRICT

    source: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Id of a source."
    )
    types: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1)] | None = (
        Field(default=None, description="Event types; `*` matches anything.")
    )
    if_: Condition | None = Field(default=None, alias="if", description="An expression.")


class Definition(BaseModel):
    """A workflow: a graph of nodes, what starts it and its result."""

    model_config = _STRICT

    name: str = Field(default="", max_length=200, description="For people.")
    description: str = Field(default="", max_length=10_000, description="For people.")
    nodes: tuple[Node, ...] = Field(default=(), max_length=MAX_NODES, description="The steps, in any order.")
    result: Any = Field(
        default=None,
        description="A value, may contain expressions; by default the output of the node that finishes last.",
    )
    triggers: tuple[Annotated[str, Field(pattern=r"^webhookId:\S{1,100}$")] | EventFilter, ...] = Field(
        default=(), description="`webhookId:<source id>` and filters."
    )
    deadline: Annotated[float, Field(gt=0, le=31_536_000)] | None = Field(
        default=None, description="Seconds that an execution may take."
    )
    concurrency: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="Executions that may run at the same time."
    )
    serial_key: Annotated[str, Field(max_length=8_192)] | None = Field(
        default=None, description="An expression; executions with the same value run one after another."
    )

    @property
    def has_result(self) -> bool:
        """Whether `result` was given, even as null."""
        return "result" in self.model_fields_set


def parse(document: Mapping[str, Any] | str | bytes) -> Definition:
    """Read a definition from a JSON or YAML text or from a JSON object.

    Graph, actions and expressions are checked by `hub.workflows.definition.compiled.compile_workflow`.

    Raises:
        Invalid: With one problem per fault, each with its JSON pointer.
    """
    value: object = read_document(document) if isinstance(document, str | bytes) else document
    if not isinstance(value, Mapping):
        raise Invalid("The definition must be an object.", (Problem("", "must be an object"),))
    _check_bounds(value)
    try:
        return Definition.model_validate(value)
    except ValidationError as error:
        raise Invalid("The definition is not valid.", problems_of(error, value)) from error


def _check_bounds(value: Mapping[str, Any]) -> None:
    try:
        size = len(dumps(value))
    except ValueError as error:
        raise Invalid("The definition is not JSON.", (Problem("", "must be a JSON value"),)) from error
    if size > MAX_DOCUMENT:
        problem = Problem("", f"has {size} bytes; at most {MAX_DOCUMENT} are allowed")
        raise Invalid("The definition is too large.", (problem,))
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
            if isinstance(inner, Mapping | list | tuple)
        ]
    if level:
        problem = Problem("", f"is nested more than {MAX_DEPTH} levels deep")
        raise Invalid("The definition is nested too deeply.", (problem,))
