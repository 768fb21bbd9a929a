"""Catalogs: the event types that a plugin declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.model.wire.event_type import EventType
from hub.sdk.package_files import json_files, json_object

__all__ = ["Catalog"]

_ENTRY_KEYS = frozenset({"name", "direction", "version", "summary", "schema", "schema_ref", "example"})
_REFERENCE = "#/$defs/"


@dataclass(frozen=True, slots=True)
class Catalog:
    """Event types.

        Catalog.of_package("hub_okta")
        Catalog((EventType("order.created", schema={"type": "object"}),))

    Raises:
        ValueError: Two types have the same name, direction and version.
    """

    types: tuple[EventType, ...] = ()

    def __post_init__(self) -> None:
        seen: set[tuple[str, str, str]] = set()
        for one in self.types:
            key = (one.name, one.direction, one.version)
            if not one.name or key in seen:
                raise ValueError(f"the catalog declares {one.name!r} ({one.direction}, version {one.version}) twice")
            seen.add(key)

    @classmethod
    def of_package(cls, package: str) -> Catalog:
        """Read every `catalog/*.json` of a package, in order of file name.

        A file is `{"types": [{"name", "direction"?, "version"?, "summary"?, "schema"? or "schema_ref"?,
        "example"?}], "schemas"?: {name: JSON Schema}}`; `schema_ref` names an entry of any file's `schemas`.

        Where the package has a `definitions.json` (`{name: JSON Schema}`), schemas may refer to its entries as
        `#/$defs/NAME`. Each schema is given those that it needs, so that it is complete by itself.

        Raises:
            ValueError: A file is not of this form; the message names file and entry.
        """
        definitions = json_object(package, "definitions.json")
        files = list(json_files(package, "catalog"))
        schemas: dict[str, Any] = {}
        for name, document in files:
            for key, schema in document.get("schemas", {}).items():
                schemas[key] = _with_definitions(schema, definitions, f"{name}: {key}")
        types: list[EventType] = []
        for name, document in files:
            entries = document.get("types", [])
            if not isinstance(entries, list):
                raise ValueError(f"{name}: types is a list")  # noqa: TRY004 - the text of the file is wrong, not a type
            types += (_event_type(entry, schemas, definitions, name) for entry in entries)
        return cls(tuple(types))

    def of_vendor(self, vendor: str) -> Catalog:
        """The same types, marked as those of `vendor`."""
        return Catalog(tuple(replace(one, vendor=vendor) for one in self.types))

    def __iter__(self) -> Iterator[EventType]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)


def _event_type(entry: Any, schemas: Mapping[str, Any], definitions: Mapping[str, Any], file: str) -> EventType:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
        raise ValueError(f"{file}: an event type without a name: {entry!r}"[:200])
    where = f"{file}: {entry['name']}"
    if unknown := sorted(entry.keys() - _ENTRY_KEYS):
        raise ValueError(f"{where}: {unknown[0]!r} is none of {', '.join(sorted(_ENTRY_KEYS))}")
    if entry.get("direction", "in") not in ("in", "out"):
        raise ValueError(f"{where}: direction is in or out")
    fields = {key: value for key, value in entry.items() if key != "schema_ref"}
    if "schema_ref" in entry:
        if "schema" in entry:
            raise ValueError(f"{where}: give a schema or a schema_ref, not both")
        if entry["schema_ref"] not in schemas:
            raise ValueError(f"{where}: there is no schema {entry['schema_ref']!r} for its schema_ref")
        fields["schema"] = schemas[entry["schema_ref"]]
    elif "schema" in entry:
        fields["schema"] = _with_definitions(entry["schema"], definitions, where)
    return EventType(**fields)


def _with_definitions(schema: Any, definitions: Mapping[str, Any], where: str) -> Any:
    """The schema with the definitions that it refers to, directly or through another one."""
    if not definitions or not isinstance(schema, dict):
        return schema
    own = schema.get("$defs", {})
    needed: dict[str, Any] = {}
    wanted = list(_references(schema))
    while wanted:
        name = wanted.pop()
        if name in needed or name in own:
            continue
        if name not in definitions:
            raise ValueError(f"{where}: definitions.json has no {name!r}")
        needed[name] = definitions[name]
        wanted += _references(definitions[name])
    return {**schema, "$defs": dict(sorted({**needed, **own}.items()))} if needed else schema


def _references(schema: Any) -> Iterator[str]:
    """Names of the definitions that a schema refers to as `#/$defs/NAME`, further steps left out."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                if value.startswith(_REFERENCE):
                    yield value.removeprefix(_REFERENCE).partition("/")[0]
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
