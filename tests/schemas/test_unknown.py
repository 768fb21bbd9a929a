"""Fields of which a schema says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.schemas.unknown import unknown_fields

ITEM = {"type": "object", "properties": {"sku": {"type": "string"}}}
ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "a/b": {"properties": {"c": {}}},
    },
    "$defs": {"item": ITEM},
}


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        (ORDER, {"id": 1}, ()),
        (ORDER, {"id": 1, "colour": "red"}, ("/colour",)),
        (ORDER, {"items": [{"sku": "a"}, {"size": 1}, {"size": 2}]}, ("/items/*/size",)),
        (ORDER, {"a/b": {"c": 1, "~": 2}}, ("/a~1b/~0",)),
        ({"type": "object"}, {"anything": 1}, ()),
        ({}, {"anything": 1}, ()),
        (True, {"anything": 1}, ()),
        ({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, {"a": 1, "b": 1, "c": 1}, ("/c",)),
        ({"properties": {"a": {}}, "if": {}, "then": {"properties": {"b": {}}}}, {"a": 1, "b": 1}, ()),
        ({"properties": {"a": {}}, "patternProperties": {"^x-": {}}}, {"x-1": 1, "y": 1}, ("/y",)),
        ({"properties": {"a": {}}, "additionalProperties": ITEM}, {"b": {"sku": 1, "size": 1}}, ("/b/size",)),
        ({"prefixItems": [ITEM], "properties": {}}, [{"size": 1}], ("/*/size",)),
        ({"properties": {"a": {}}, "dependentSchemas": {"a": {"properties": {"b": {}}}}}, {"a": 1, "b": 1}, ()),
        ({"properties": {"self": {"$ref": "#"}}}, {"self": {"self": {"x": 1}}}, ("/self/self/x",)),
        ({"anyOf": [ITEM, {"properties": {"size": {}}}]}, {"sku": 1, "size": 1, "x": 1}, ("/x",)),
        ({"$ref": "#/allOf/0", "allOf": [ITEM]}, {"sku": 1, "x": 1}, ("/x",)),
        ({"properties": {"a": {}}, "$ref": "#/nowhere/9"}, {"a": 1}, ()),
        ({"properties": {"a": {}}, "$ref": "#anchor"}, {"a": 1}, ()),
    ],
)  # fmt: skip
def test_a_field_is_known_where_any_part_names_it(schema: Any, value: Any, found: tuple[str, ...]) -> None:
    assert unknown_fields(schema, value) == found


def test_references_in_a_circle_and_many_fields_come_to_an_end() -> None:
    circle = {"$ref": "#", "allOf": [{"$ref": "#"}, {"$ref": "#"}], "properties": {"a": {}}}
    assert unknown_fields(circle, {"b": 1}) in {("/b",), ()}
    assert len(unknown_fields({"properties": {"a": {}}}, {str(one): 1 for one in range(1_000)})) == 20


def test_a_field_whose_pattern_takes_too_long_counts_as_known() -> None:
    bomb: dict[str, Any] = {"properties": {"a": {}}, "patternProperties": {"(a|b)*a" + "(a|b)" * 900 + "c": {}}}
    assert unknown_fields(bomb, {"x": 1}) == ("/x",)
    assert unknown_fields(bomb, {"ab" * 20_000: 1}) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_any_value_can_be_looked_through(value: Any) -> None:
    assert all(one.startswith("/") for one in unknown_fields(ORDER, value))
