"""Catalogs, read from real packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.model.wire.event_type import EventType
from hub.sdk.catalog import Catalog

Package = Callable[[dict[str, Any]], str]


def test_a_catalog_is_read_in_order_of_files_with_shared_schemas(package: Package) -> None:
    schema = {"type": "object"}
    catalog = Catalog.of_package(
        package(
            {
                "catalog/b.json": {"types": [{"name": "b.made", "schema_ref": "thing", "direction": "out"}]},
                "catalog/a.json": {
                    "types": [
                        {"name": "a.made", "schema_ref": "thing", "summary": "Made.", "version": "2"},
                        {"name": "a.gone", "schema": {"type": "string"}, "example": "x"},
                    ],
                    "schemas": {"thing": schema},
                },
                "catalog/notes.txt": "not read",
            }
        )
    )
    assert [one.name for one in catalog] == ["a.made", "a.gone", "b.made"]
    assert catalog.types[0] == EventType("a.made", version="2", summary="Made.", schema=schema)
    assert catalog.types[0].schema is catalog.types[2].schema
    assert catalog.types[1].example == "x"
    assert len(catalog) == 3
    assert {one.vendor for one in catalog.of_vendor("acme")} == {"acme"}


def test_a_package_without_a_catalog_declares_nothing(package: Package) -> None:
    name = package({})
    assert Catalog.of_package(name) == Catalog()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "x.json is not JSON"),
        ("[]", "x.json is not a JSON object"),
        ({"types": {}}, "types is a list"),
        ({"types": ["a"]}, "without a name"),
        ({"types": [{"summary": "a"}]}, "without a name"),
        ({"types": [{"name": ""}]}, "without a name"),
        ({"types": [{"name": "a", "sumary": ""}]}, "x.json: a: 'sumary' is none of"),
        ({"types": [{"name": "a", "direction": "up"}]}, "direction is in or out"),
        ({"types": [{"name": "a", "schema_ref": "none"}]}, "no schema 'none'"),
        ({"types": [{"name": "a", "schema_ref": "s", "schema": {}}], "schemas": {"s": {}}}, "not both"),
        ({"types": [{"name": "a"}, {"name": "a"}]}, "declares 'a' .* twice"),
    ],
)
def test_a_malformed_catalog_says_where(package: Package, content: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Catalog.of_package(package({"catalog/x.json": content}))


def test_one_name_may_stand_for_both_directions_and_several_versions() -> None:
    types = (EventType("a"), EventType("a", direction="out"), EventType("a", version="2"))
    assert Catalog(types).types == types


def test_a_schema_gets_the_definitions_that_it_needs(package: Package) -> None:
    definitions = {
        "user": {"type": "object", "properties": {"team": {"$ref": "#/$defs/team"}}},
        "team": {"type": "object", "properties": {"parent": {"$ref": "#/$defs/team"}}},
        "other": {"type": "null"},
        "mine": {"type": "string"},
    }
    user = {"$ref": "#/$defs/user"}
    files = {
        "definitions.json": definitions,
        "catalog/a.json": {
            "types": [
                {"name": "a", "schema_ref": "by_user"},
                {"name": "b", "schema_ref": "by_user"},
                {"name": "c", "schema": {"properties": {"team": {"$ref": "#/$defs/team/properties"}}}},
                {"name": "d", "schema": {"$ref": "#/$defs/mine", "$defs": {"mine": True}}},
                {"name": "e", "schema": {"type": "object"}},
                {"name": "f"},
            ],
            "schemas": {"by_user": user},
        },
    }
    a, b, c, d, e, f = Catalog.of_package(package(files))
    assert a.schema == {**user, "$defs": {"team": definitions["team"], "user": definitions["user"]}}
    assert b.schema is a.schema
    assert c.schema["$defs"] == {"team": definitions["team"]}
    assert d.schema["$defs"] == {"mine": True}
    assert (e.schema, f.schema) == ({"type": "object"}, None)


def test_a_definition_that_is_missing_is_named(package: Package) -> None:
    types = [{"name": "a", "schema": {"items": [{"$ref": "#/$defs/usr"}]}}]
    with pytest.raises(ValueError, match=r"x\.json: a: definitions\.json has no 'usr'"):
        Catalog.of_package(package({"definitions.json": {"user": {}}, "catalog/x.json": {"types": types}}))
