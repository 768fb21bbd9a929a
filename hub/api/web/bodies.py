"""Bodies of management requests, read strictly and checked against a pydantic model."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from quart import request

from hub.api.web.problems import problems_of
from hub.errors import Invalid, Problem
from hub.model.json import loads
from hub.workflows.definition.document import read_document

__all__ = ["document_object", "json_body", "json_object", "model_body", "model_of"]

M = TypeVar("M", bound=BaseModel)


async def json_body() -> Any:
    """The body as a JSON value, whatever its content type; None when it is empty.

    Raises:
        Invalid: 400, it is no JSON.
    """
    data = await request.get_data()
    if not data.strip():
        return None
    try:
        return loads(data)
    except ValueError as error:
        raise Invalid(f"the body is no JSON: {error}", status=400) from error


async def json_object() -> dict[str, Any]:
    """The body as a JSON object, {} when it is empty.

    Raises:
        Invalid: 400, it is no JSON; 422, it is no object.
    """
    value = await json_body()
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object", (Problem("", "must be an object"),))
    return value


async def document_object() -> dict[str, Any]:
    """The body as `json_object` does, or a YAML mapping where the content type says YAML.

    Raises:
        Invalid: 400, it is no JSON; 422, it is no object, or YAML that is not allowed.
    """
    if "yaml" not in (request.mimetype or ""):
        return await json_object()
    value = read_document(await request.get_data())
    if not isinstance(value, dict):
        raise Invalid("the body must be a YAML mapping", (Problem("", "must be a mapping"),))
    return value


async def model_body(model: type[M]) -> M:
    """The body as `model`.

    Raises:
        Invalid: 400, it is no JSON; 422 with one problem per fault.
    """
    return model_of(model, await json_object())


def model_of(model: type[M], value: Any, pointer: str = "") -> M:
    """`value` as `model`. Raises `Invalid` with pointers that begin with `pointer`."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid("the body is not as it should be", problems_of(error, pointer)) from error
