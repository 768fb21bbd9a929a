"""JSON pointers: escaped and read back, and leading to the errors that pydantic finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.errors import Problem
from hub.model.pointers import pointer_of, problems_of, steps_of


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int


class Tree(BaseModel):
    leaves: dict[str, Leaf | None]


def found(value: Any, pointer: str = "") -> tuple[Problem, ...]:
    with pytest.raises(ValidationError) as caught:
        Tree.model_validate(value)
    return problems_of(caught.value, value, pointer)


@given(st.lists(st.text()))
def test_steps_survive_the_round_trip(steps: list[str]) -> None:
    assert steps_of(pointer_of(*steps)) == steps


@pytest.mark.parametrize(
    ("steps", "pointer"), [((), ""), (("nodes", 0), "/nodes/0"), (("a/b~c", ""), "/a~1b~0c/"), (("~1",), "/~01")]
)
def test_known_pointers(steps: tuple[str | int, ...], pointer: str) -> None:
    assert pointer_of(*steps) == pointer


def test_a_problem_has_the_pointer_to_what_is_wrong_and_where_the_value_is() -> None:
    assert [one.pointer for one in found({"leaves": {"a/b": {"number": "x"}}}, "/tree")] == ["/tree/leaves/a~1b/number"]
    assert [one.pointer for one in found({"leaves": {"a": {}}})] == ["/leaves/a/number"]


def test_an_unknown_field_is_named_and_its_value_is_not() -> None:
    [problem] = found({"leaves": {"a": {"number": 1, "secret": "hidden"}}})
    assert problem == Problem("/leaves/a/secret", "there is no field 'secret' here")
