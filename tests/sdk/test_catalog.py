"""Catalogs and recorded requests, read from real packages."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.model.wire.event_type import EventType
from hub.sdk.catalog import Catalog, Recorded, Recording

Package = Callable[[dict[str, Any]], str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """A package that holds the given files; gives its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(files: dict[str, Any]) -> str:
        for name, content in {"__init__.py": "", **files}.items():
            file = tmp_path / "cataloged" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if isinstance(content, str) else json.dumps(content))
        importlib.invalidate_caches()
        return "cataloged"

    yield write
    sys.modules.pop("cataloged", None)


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
    assert Recorded.of_package(name) == Recorded()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "x.json is no JSON"),
        ("[]", "x.json is no JSON object"),
        ({"types": {}}, "types is a list"),
        ({"types": ["a"]}, "without a name"),
        ({"types": [{"summary": "a"}]}, "without a name"),
        ({"types": [{"name": ""}]}, "without a name"),
        ({"types": [{"name": "a", "sumary": ""}]}, "x.json: a: 'sumary' is none of"),
        ({"types": [{"name": "a", "direction": "up"}]}, "direction is in or out"),
        ({"types": [{"name": "a", "schema_ref": "none"}]}, "schema_ref names no schema"),
        ({"types": [{"name": "a", "schema_ref": "s", "schema": {}}], "schemas": {"s": {}}}, "stands beside one"),
        ({"types": [{"name": "a"}, {"name": "a"}]}, "declares 'a' .* twice"),
    ],
)
def test_a_malformed_catalog_says_where(package: Package, content: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Catalog.of_package(package({"catalog/x.json": content}))


def test_one_name_may_stand_for_both_directions_and_several_versions() -> None:
    types = (EventType("a"), EventType("a", direction="out"), EventType("a", version="2"))
    assert Catalog(types).types == types


def test_recordings_are_read_with_their_bodies(package: Package) -> None:
    recorded = Recorded.of_package(
        package(
            {
                "recorded/1.json": {
                    "name": "made",
                    "title": "A thing is made",
                    "event_types": ["a.made"],
                    "headers": {"content-type": "application/json"},
                    "json": {"a": 1},
                    "expect": {"status": 200},
                },
                "recorded/2.json": {"name": "hello", "method": "GET", "query": "a=1", "verified": False},
                "recorded/3.json": {"name": "text", "body": "a=b", "event_types": ["a.made"]},
                "recorded/4.json": {"name": "bytes", "base64": "AP8="},
            }
        )
    )
    made, hello, text, raw = recorded
    assert made == Recording(
        name="made",
        title="A thing is made",
        event_types=("a.made",),
        headers={"content-type": "application/json"},
        body=b'{"a":1}',
        expect={"status": 200},
    )
    assert (hello.method, hello.query, hello.verified, hello.body) == ("GET", "a=1", False, b"")
    assert raw.body == b"\x00\xff"
    assert recorded.of_type("a.made") == (made, text)
    assert len(recorded) == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"title": "a"}, "has a name"),
        ({"name": "a", "hedders": {}}, "'hedders' is none of"),
        ({"name": "a", "json": 1, "body": "1"}, "not several"),
        ({"name": "same"}, "two recordings of cataloged are named 'same'"),
    ],
)
def test_a_malformed_recording_says_where(package: Package, content: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Recorded.of_package(package({"recorded/x.json": content, "recorded/y.json": {"name": "same"}}))
