"""Bodies of management requests: reading them and checking them with a pydantic model."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from quart import request

from hub.errors import Invalid, Problem
from hub.model.json import loads
from hub.model.pointers import problems_of
from hub.workflows.definition.document import read_document

__all__ = ["document_object", "json_body", "json_object", "model_body", "model_of"]

M = TypeVar("M", bound=BaseModel)


async def json_body() -> Any:
    """The body as a JSON value, whatever its content type; None if it is empty.

    Raises:
        Invalid: 400 if it is not JSON.
    """
    data = await request.get_data()
    if not data.strip():
        return None
    try:
        return loads(data)
    except ValueError as error:
        raise Invalid(f"the body is not JSON: {error}", status=400) from error


async def json_object() -> dict[str, Any]:
    """The body as a JSON object, {} if it is empty.

    Raises:
        Invalid: 400 if it is not JSON, 422 if it is not an object.
    """
    value = await json_body()
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid("the body must be a JSON object", (Problem("", "must be an object"),))
    return value


async def document_object() -> dict[str, Any]:
    """The body as a JSON object, or as a YAML mapping if the content type is YAML.

    Raises:
        Invalid: 400 if it is not JSON, 422 if it is not an object or has YAML that is not allowed.
    """
    if "yaml" not in (request.mimetype or ""):
        return await json_object()
    value = read_document(await request.get_data())
    if not isinstance(value, dict):
        raise Invalid("the body must be a YAML mapping", (Problem("", "must be a mapping"),))
    return value


async def model_body(model: type[M]) -> M:
    """The body as an instance of `model`.

    Raises:
        Invalid: 400 if it is not JSON, 422 with one problem per error.
    """
    return model_of(model, await json_object())


def model_of(model: type[M], value: Any, pointer: str = "") -> M:
    """`value` as an instance of `model`. Raises `Invalid` with pointers that begin with `pointer`."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid("the body is invalid", problems_of(error, value, pointer)) from error
