"""Differences between versions."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.workflows.definition.diff import Change, diff

OLD: dict[str, Any] = {
    "nodes": [
        {"id": "a", "action": "transform", "with": {"value": 1}},
        {"id": "b", "action": "fail", "with": {"message": "x"}},
        {"id": "c", "action": "transform"},
    ],
    "deadline": 3,
}


def test_equal_definitions_do_not_differ() -> None:
    assert diff(OLD, OLD) == ()


def test_nodes_are_compared_by_id() -> None:
    new = {
        "nodes": [
            {"id": "c", "action": "transform", "needs": ["a"]},
            {"id": "a", "action": "transform", "with": {"value": True}},
            {"id": "d/e", "action": "fail"},
        ],
        "result": None,
    }
    assert diff(OLD, new) == (
        Change("moved", "/nodes/c", 1, 0),
        Change("moved", "/nodes/a", 0, 1),
        Change("added", "/nodes/c/needs", after=["a"]),
        Change("changed", "/nodes/a/with/value", 1, True),
        Change("added", "/nodes/d~1e", after={"id": "d/e", "action": "fail"}),
        Change("removed", "/nodes/b", before=OLD["nodes"][1]),
        Change("added", "/result", after=None),
        Change("removed", "/deadline", before=3),
    )


def test_what_is_no_list_of_nodes_is_compared_as_a_value() -> None:
    assert diff({"nodes": [1]}, {"nodes": 2}) == (Change("changed", "/nodes", [1], 2),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON)


@given(OBJECTS, OBJECTS)
def test_a_difference_is_found_exactly_where_there_is_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert (not diff(old, new)) == (json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True))
