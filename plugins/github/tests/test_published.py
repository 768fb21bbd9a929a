"""The catalog beside what GitHub publishes: every edition's event types, schemas and examples fit it.

The packages come from the npm registry; without npm, or without a network, these tests are skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub_github.event_types import CATALOG

PACKAGES = ("@octokit/openapi-webhooks@12.1.0", "@octokit/webhooks-examples@7.6.1")
TYPES = {one.name: one for one in CATALOG}
BEFORE_SERVER_3_6 = {"content_reference.created"}
"""Types that only older editions of GitHub Enterprise Server send."""

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="wants npm for GitHub's published descriptions")

_DEPTH = 12
"""Levels of a published schema that are compared; some refer to themselves."""


@dataclass(frozen=True)
class Described:
    """One event with one of its actions, as one edition of GitHub describes it."""

    edition: str
    name: str
    schema: Mapping[str, Any]
    definitions: Mapping[str, Any] = field(repr=False)


def described(file: Path) -> Iterator[Described]:
    """Every event and action of one edition: `<event>.<action>`, `<event>.*` where the sender chooses the action."""
    document = json.loads(file.read_text(encoding="utf-8"))
    definitions = document["components"]["schemas"]
    for webhook in document["webhooks"].values():
        operation = webhook["post"]
        event = operation["operationId"].partition("/")[0].replace("-", "_")
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        for schema in _alternatives(body, definitions):
            action = schema.get("properties", {}).get("action")
            names = [""] if action is None else action.get("enum", ["*"])
            for name in names:
                yield Described(file.stem, f"{event}.{name}".rstrip("."), schema, definitions)


def refused(ours: Any, theirs: Any, shared: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    """What a published schema allows and ours refuses: `path: why`. Conditions (`if`) of ours are left to examples.

    Args:
        ours: The schema of the catalog.
        theirs: The published one.
        shared: Definitions that ours refers to.
        definitions: Definitions that theirs refers to.
    """
    yield from _Comparison(shared, definitions).refused(ours, theirs, "", 0)


@dataclass(frozen=True)
class _Comparison:
    shared: Mapping[str, Any]
    definitions: Mapping[str, Any]

    def refused(self, ours: Any, theirs: Any, path: str, depth: int) -> Iterator[str]:
        if depth > _DEPTH:
            return
        own = list(_alternatives(ours, self.shared))
        for one in _alternatives(theirs, self.definitions):
            alike = [each for each in own if _types(each) & _types(one)] or own
            yield from min((list(self._flat(each, one, path, depth)) for each in alike), key=len)

    def _flat(self, ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
        yield from (f"{path}: {why}" for why in _kinds(ours, theirs))
        given = _types(theirs)
        if "object" in given or not given:
            required = theirs.get("required", ())
            yield from (f"{path}: without {name}" for name in ours.get("required", ()) if name not in required)
            others = theirs.get("properties", {})
            for name, schema in ours.get("properties", {}).items():
                if name in others:
                    yield from self.refused(schema, others[name], f"{path}/{name}", depth + 1)
        if "array" in given and isinstance(ours.get("items"), dict) and isinstance(theirs.get("items"), dict):
            yield from self.refused(ours["items"], theirs["items"], f"{path}/*", depth + 1)


def _kinds(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    wanted, given = _types(ours), _types(theirs)
    if wanted:
        allowed = wanted | ({"integer"} if "number" in wanted else set())
        yield from (f"type {missing}" for missing in sorted(given - allowed))
    if "enum" in ours:
        if "enum" not in theirs:
            yield "any value"
        yield from (f"value {value!r}" for value in theirs.get("enum", ()) if value not in ours["enum"])


def _types(schema: Mapping[str, Any]) -> set[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return set(kind)
    if "properties" in schema or "required" in schema:
        return {"object"}
    return set()


def _alternatives(schema: Any, definitions: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema without references and combinations: one for each way to fit it."""
    if not isinstance(schema, dict):
        yield {}
        return
    if "$ref" in schema:
        yield from _alternatives(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return
    plain = {key: value for key, value in schema.items() if key not in {"oneOf", "anyOf", "allOf", "if", "then"}}
    found = [plain]
    for part in schema.get("allOf", ()):
        if "if" not in part:
            found = _each(found, list(_alternatives(part, definitions)))
    for several in ("oneOf", "anyOf"):
        if several in schema:
            branches = [each for part in schema[several] for each in _alternatives(part, definitions)]
            found = _each(found, branches)
    for one in found:
        kinds = one.get("type")
        if isinstance(kinds, list):
            yield from ({**one, "type": kind} for kind in kinds)
        else:
            yield one
            if one.get("nullable"):
                yield {"type": "null"}


def _each(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [both for one in some for other in others if (both := _both(one, other)) is not None]


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """What fits both; None where the types exclude each other."""
    if _types(one) and _types(other) and not _types(one) & _types(other):
        return None
    merged = {**one, **other}
    if _types(one) and _types(other):
        merged["type"] = sorted(_types(one) & _types(other))
    first, second = one.get("properties", {}), other.get("properties", {})
    if first or second:
        shared = {name: {"allOf": [first[name], second[name]]} for name in first.keys() & second.keys()}
        merged["properties"] = {**first, **second, **shared}
    if isinstance(one.get("items"), dict) and isinstance(other.get("items"), dict):
        merged["items"] = {"allOf": [one["items"], other["items"]]}
    required = [*one.get("required", ()), *other.get("required", ())]
    if required:
        merged["required"] = required
    return merged


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GitHub's published schemas and examples."""
    folder = tmp_path_factory.mktemp("published")
    for package in PACKAGES:
        packed = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, capture_output=True, text=True, timeout=100, check=False
        )
        if packed.returncode:
            pytest.skip(f"npm could not fetch {package}: {packed.stderr.strip()[-200:]}")
        with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
            archive.extractall(folder / package.partition("@octokit/")[2].partition("@")[0], filter="data")
    return folder


def editions(packages: Path) -> list[Path]:
    files = sorted((packages / "openapi-webhooks").rglob("generated/*.json"))
    assert {"api.github.com", "ghec"} < {file.stem for file in files}
    return files


def declared(name: str) -> str:
    """The catalog's type for an event of that name."""
    return name if name in TYPES else f"{name.partition('.')[0]}.*"


def test_every_type_of_every_edition_is_declared(packages: Path) -> None:
    published = {one.name for file in editions(packages) for one in described(file)}
    assert len(published) > 280
    assert {name for name in published if declared(name) not in TYPES} == set()


def test_what_the_published_schemas_allow_fits_the_catalog(packages: Path) -> None:
    found: dict[str, set[str]] = {}
    for file in editions(packages):
        for one in described(file):
            ours = TYPES[declared(one.name)].schema
            assert ours is not None
            for problem in refused(ours, one.schema, ours.get("$defs", {}), one.definitions):
                found.setdefault(f"{one.name}{problem}", set()).add(one.edition)
    assert found == {}


def examples(packages: Path) -> Iterator[tuple[str, Any]]:
    for file in sorted((packages / "webhooks-examples").rglob("index.json")):
        for event in json.loads(file.read_text(encoding="utf-8")):
            for example in event["examples"]:
                action = example.get("action")
                yield f"{event['name']}.{action}" if action else event["name"], example


def test_every_published_example_fits_the_catalog(packages: Path) -> None:
    validators: dict[str, Draft202012Validator] = {}
    seen, faults = 0, []
    for name, example in examples(packages):
        seen += 1
        type_ = declared(name)
        validator = validators.setdefault(type_, Draft202012Validator(TYPES[type_].schema or {}))
        faults += [f"{name} {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(example)]
    assert seen > 700
    assert faults == []


def test_the_comparison_finds_what_a_schema_refuses() -> None:
    ours = {"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}, "b": {"type": "integer"}}}
    theirs = {
        "allOf": [{"properties": {"a": {"type": "string", "enum": ["x", "y"]}}}, {"type": "object"}],
        "properties": {"b": {"oneOf": [{"$ref": "#/components/schemas/number"}, {"type": "null"}]}},
    }
    found = set(refused({**ours, "required": ["a"]}, theirs, {}, {"number": {"type": "integer"}}))
    assert found == {"/a: value 'y'", "/b: type null", ": without a"}
