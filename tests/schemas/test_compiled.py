"""JSON Schemas that cannot be turned against the hub."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from hub.errors import Invalid
from hub.schemas.compiled import compile_schema, compiled_schema

ORDER = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "sku": {"type": "string", "pattern": "^[A-Z]{3}-"}},
    "required": ["n"],
    "additionalProperties": False,
}


def faults(schema: Any, value: Any) -> list[str]:
    return [problem.pointer for problem in compile_schema(schema).problems(value)]


def test_faults_point_into_the_value() -> None:
    assert faults(ORDER, {"n": 1, "sku": "ABC-1"}) == []
    assert faults(ORDER, {"n": "1", "sku": "abc"}) == ["/n", "/sku"]
    assert faults(ORDER, {}) == [""]
    assert faults(ORDER, {"n": 1, "a/b~c": 2}) == ["/a~1b~0c"]


def test_equal_schemas_are_compiled_once() -> None:
    assert compile_schema(ORDER) is compile_schema(dict(ORDER))


def large(seed: str) -> dict[str, Any]:
    """A schema that takes tens of milliseconds, equal to no other."""
    parts = {
        f"{seed}{number}": {"type": "string", "pattern": f"^{seed}{number}-[a-z]{{1,9}}$"} for number in range(150)
    }
    return {"type": "object", "properties": parts}


async def test_the_event_loop_is_free_while_a_schema_compiles() -> None:
    schema = large("free")
    compiling = asyncio.ensure_future(compiled_schema(schema))
    turns = 0
    while not compiling.done():
        turns += 1
        await asyncio.wait({compiling}, timeout=0.001)
    assert turns > 1
    compiled = await compiling
    assert compiled.problems({"free1": "x"})
    assert await compiled_schema(schema) is compiled


async def test_what_two_want_at_once_is_compiled_once() -> None:
    schema = large("once")
    one, two = await asyncio.gather(compiled_schema(schema), compiled_schema(dict(schema)))
    assert one is two


async def test_a_schema_that_cannot_be_used_is_refused_from_the_thread() -> None:
    with pytest.raises(Invalid):
        await compiled_schema({"$ref": "https://example.com/elsewhere"})


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"$ref": "https://example.com/schema"}, "/$ref"),
        ({"properties": {"a": {"$ref": "other.json#/a"}}}, "/properties/a/$ref"),
        ({"allOf": [{"$dynamicRef": "file:///etc/passwd"}]}, "/allOf/0/$dynamicRef"),
        ({"$ref": "#/$defs/missing"}, "/$ref"),
        ({"$dynamicRef": "#missing"}, "/$dynamicRef"),
        ({"$dynamicRef": "#n", "$dynamicAnchor": "n"}, "/$dynamicRef"),
        ({"$id": "https://example.com/a", "items": {"$dynamicRef": "#"}}, "/items/$dynamicRef"),
        ({"$defs": {"a": {"properties": {"b": {"$dynamicRef": "#n"}}}}}, "/$defs/a/properties/b/$dynamicRef"),
        ({"$ref": "#/allOf/x", "allOf": [True]}, "/$ref"),
        ({"$ref": "#/required/0/a", "required": ["abc"]}, "/$ref"),
        ({"$ref": "#/minimum/a", "minimum": 1}, "/$ref"),
        ({"$ref": "#/const", "const": {"$ref": "http://127.0.0.1:9/"}}, "/$ref"),
        ({"allOf": [{"$dynamicRef": "#/enum/0"}], "enum": [{"pattern": "(?=a)"}]}, "/allOf/0/$dynamicRef"),
        ({"$ref": "#/minimum", "minimum": 5}, "/$ref"),
        ({"$ref": "#/x-mine", "x-mine": {"type": "strin"}}, "/$ref"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"properties": {"a": {"$id": "https://example.com/a"}}}, "/properties/a/$id"),
        ({"type": "strin"}, "/type"),
        ({"properties": []}, "/properties"),
        ({"pattern": "(a)\\1"}, "/pattern"),
        ({"patternProperties": {"(?=x)": {}}}, "/patternProperties"),
        ({"unevaluatedProperties": False, "allOf": [{"patternProperties": {"a": {}}}]}, ""),
        ("no schema", ""),
    ],
)
def test_what_is_not_a_schema_or_refers_to_something_outside_is_refused(schema: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as error:
        compile_schema(schema)
    assert pointer in [problem.pointer for problem in error.value.problems]


def test_a_schema_may_be_true_and_false() -> None:
    assert faults(True, 1) == []
    assert faults(False, 1) == [""]


def test_what_looks_like_a_reference_in_a_value_is_a_value() -> None:
    schema = {"const": {"$ref": "https://example.com/"}}
    assert faults(schema, {"$ref": "https://example.com/"}) == []


def test_references_within_the_schema_are_followed() -> None:
    tree = {"$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "$ref": "#/$defs/tree"}
    assert faults(tree, [[], [[]]]) == []
    assert faults(tree, [[], [1]]) == ["/1/0"]
    anchored = {"$id": "https://example.com/a", "$ref": "#n", "$defs": {"n": {"$anchor": "n", "type": "null"}}}
    assert faults(anchored, None) == []
    assert faults(anchored, 1) == [""]
    assert faults({"$ref": "#/x-mine", "x-mine": {"type": "null"}}, 1) == [""]
    named = {"$id": "https://example.com/a", "$ref": "#n", "$defs": {"n": {"$dynamicAnchor": "n", "type": "null"}}}
    assert faults(named, 1) == [""]


@pytest.mark.parametrize("schema", [{"multipleOf": 0.1}, {"multipleOf": 10**400}, {"multipleOf": 1e-300}])
@pytest.mark.parametrize("value", [10**400, 1.5, -0.0, 1e300])
def test_a_number_of_any_size_is_checked(schema: Any, value: Any) -> None:
    assert faults(schema, value) in ([], [""])


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"pattern": r"^\p{Lu}[^]\u{1F600}$"}, "Äx😀", "äx😀"),
        ({"uniqueItems": True}, [1, True, "1", [1], {"a": [1]}], [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]),
        ({"patternProperties": {"^x": {"type": "integer"}}}, {"x1": 1, "y": "?"}, {"x1": "1"}),
        (
            {"properties": {"a": {}}, "patternProperties": {"^x": {}}, "additionalProperties": {"type": "null"}},
            {"a": 1, "x": 1, "other": None},
            {"other": 1},
        ),
        ({"unevaluatedProperties": False, "properties": {"a": {}}}, {"a": 1}, {"b": 1}),
        ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, 1, 3),
    ],
)
def test_keywords_that_were_made_safe_keep_their_meaning(schema: Any, good: Any, bad: Any) -> None:
    assert faults(schema, good) == []
    assert faults(schema, bad) != []


def test_references_that_multiply_are_stopped() -> None:
    """Forty levels, each asking for the next one twice: 2^40 checks."""
    definitions: dict[str, Any] = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    definitions["d40"] = {}
    bomb = compile_schema({"$defs": definitions, "$ref": "#/$defs/d0"})
    started = time.perf_counter()
    (problem,) = bomb.problems(1)
    assert "too long" in problem.message
    assert time.perf_counter() - started < 10


def test_a_reference_to_itself_is_stopped() -> None:
    (problem,) = compile_schema({"$ref": "#"}).problems(1)
    assert "too long" in problem.message


def test_a_schema_has_a_size() -> None:
    with pytest.raises(Invalid):
        compile_schema({"description": "x" * 600_000})


def test_patterns_share_one_bound_of_size() -> None:
    many = {"anyOf": [{"pattern": f"^{number}$"} for number in range(501)]}
    heavy = {"anyOf": [{"pattern": rf"^\p{{L}}{{1,50}}{number}$"} for number in range(30)]}
    for schema, why in [(many, "at most 500 patterns"), (heavy, "too large together")]:
        with pytest.raises(Invalid) as error:
            compile_schema(schema)
        assert why in error.value.problems[0].message
    assert compile_schema({"anyOf": many["anyOf"][:500]}).problems("7") == ()


def test_a_pattern_that_would_take_long_on_a_value_is_stopped() -> None:
    bomb = compile_schema({"items": {"pattern": "(a|b)*a" + "(a|b)" * 900 + "c"}})
    started = time.perf_counter()
    (problem,) = bomb.problems(["ab" * 5_000] * 100)
    assert "too long" in problem.message
    assert time.perf_counter() - started < 10


def test_a_long_text_is_matched_by_an_ordinary_pattern() -> None:
    schema = compile_schema({"pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"})
    assert schema.problems("QUJD" * 250_000) == ()
    assert schema.problems("QUJD" * 250_000 + "!")


def test_many_faults_are_cut_off_and_long_ones_shortened() -> None:
    found = compile_schema({"items": {"const": "x" * 1_000}}).problems(["y" * 1_000] * 100)
    assert len(found) == 20
    assert all(len(problem.message) <= 301 for problem in found)


@pytest.mark.parametrize(
    ("value", "differences"),
    [
        ({"id": 1, "lines": [{"sku": "a"}]}, ()),
        ({}, ("missing field /id", "missing field /lines")),
        (
            {"id": "1", "lines": [{}, {"sku": 2}]},
            ("does not fit at /id", "missing field /lines/0/sku", "does not fit at /lines/1/sku"),
        ),
        ([], ("does not fit at /",)),
    ],
)
def test_differences_name_places_and_missing_fields_but_no_value(value: object, differences: tuple[str, ...]) -> None:
    lines = {"type": "array", "items": {"required": ["sku"], "properties": {"sku": {"type": "string"}}}}
    schema = compile_schema(
        {"type": "object", "required": ["id", "lines"], "properties": {"id": {"type": "integer"}, "lines": lines}}
    )
    assert set(schema.differences(value)) == set(differences)
