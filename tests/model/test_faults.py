"""Messages about faulty input speak of JSON."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from hub.model.faults import in_json_words


class Inner(BaseModel):
    """A field of `Model`."""


class Model(BaseModel):
    """One field for each kind of fault."""

    pair: tuple[str, ...] = ()
    names: Annotated[list[str], Field(min_length=1)] = ["x"]
    inner: Inner = Inner()
    mapping: dict[str, int] = {}
    odd: int = 1

    @field_validator("odd")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("2 is even")
        return value


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("pair", "a", "Input should be a valid array"),
        ("names", "a", "Input should be a valid array"),
        ("names", [], "It should have at least 1 item"),
        ("inner", 1, "Input should be a valid object"),
        ("mapping", [], "Input should be a valid object"),
        ("odd", 2, "2 is even"),
        ("odd", "x", "Input should be a valid integer, unable to parse string as an integer"),
    ],
)
def test_no_message_names_a_type_of_python(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({field: value})
    assert in_json_words(caught.value.errors()[0]["msg"]) == message
