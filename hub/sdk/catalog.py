"""Catalogs: the event types that a vendor declares, and requests of it that were recorded."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from hub.model.json import dumps, loads
from hub.model.wire.event_type import EventType

__all__ = ["Catalog", "Recorded", "Recording"]

_ENTRY_KEYS = frozenset({"name", "direction", "version", "summary", "schema", "schema_ref", "example"})
_RECORDING_KEYS = frozenset(
    {"name", "title", "event_types", "method", "query", "headers", "body", "base64", "json", "verified", "expect"}
)


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

        Raises:
            ValueError: A file is not of this form; the message names file and entry.
        """
        files = [(file.name, _document(file)) for file in _files(package, "catalog")]
        schemas: dict[str, Any] = {}
        for _, document in files:
            schemas |= document.get("schemas", {})
        types: list[EventType] = []
        for name, document in files:
            entries = document.get("types", [])
            if not isinstance(entries, list):
                raise ValueError(f"{name}: types is a list")  # noqa: TRY004 - the file's text is at fault
            types += (_event_type(entry, schemas, name) for entry in entries)
        return cls(tuple(types))

    def of_vendor(self, vendor: str) -> Catalog:
        """The same types, marked as declared by `vendor`."""
        return Catalog(tuple(replace(one, vendor=vendor) for one in self.types))

    def __iter__(self) -> Iterator[EventType]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A request of a vendor, recorded without its signature: serves tests, examples, docs and `hub trigger`.

    Attributes:
        name: Short name, unique within the package.
        title: What it shows.
        event_types: Types of the events that it holds.
        query: Without the question mark.
        verified: Whether it is signed when sent; False for an unsigned handshake.
        expect: What the hub answers: `{"status", "body"?}`, empty if nothing is said.
    """

    name: str
    title: str = ""
    event_types: tuple[str, ...] = ()
    method: str = "POST"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    verified: bool = True
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorded requests of a package."""

    requests: tuple[Recording, ...] = ()

    @classmethod
    def of_package(cls, package: str) -> Recorded:
        """Read every `recorded/*.json` of a package, in order of file name.

        A file is one recording: `{"name", "title"?, "event_types"?, "method"?, "query"?, "headers"?, "body" (text)
        or "base64" or "json", "verified"?, "expect"?}`.

        Raises:
            ValueError: A file is not of this form, or two have the same name.
        """
        requests = tuple(_recording(_document(file), file.name) for file in _files(package, "recorded"))
        names = [request.name for request in requests]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two recordings of {package} are named {doubled[0]!r}")
        return cls(requests)

    def __iter__(self) -> Iterator[Recording]:
        return iter(self.requests)

    def __len__(self) -> int:
        return len(self.requests)

    def of_type(self, event_type: str) -> tuple[Recording, ...]:
        """Those that hold an event of this type."""
        return tuple(request for request in self.requests if event_type in request.event_types)


def _files(package: str, folder: str) -> Iterable[Traversable]:
    directory = resources.files(package) / folder
    if not directory.is_dir():
        return []
    return sorted((file for file in directory.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)


def _document(file: Traversable) -> dict[str, Any]:
    try:
        document = loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file.name} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{file.name} is no JSON object")  # noqa: TRY004 - the file's text is at fault
    return document


def _event_type(entry: Any, schemas: Mapping[str, Any], file: str) -> EventType:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
        raise ValueError(f"{file}: an event type without a name: {entry!r}"[:200])
    where = f"{file}: {entry['name']}"
    if unknown := sorted(entry.keys() - _ENTRY_KEYS):
        raise ValueError(f"{where}: {unknown[0]!r} is none of {', '.join(sorted(_ENTRY_KEYS))}")
    if entry.get("direction", "in") not in ("in", "out"):
        raise ValueError(f"{where}: direction is in or out")
    fields = {key: value for key, value in entry.items() if key != "schema_ref"}
    if "schema_ref" in entry:
        if "schema" in entry or entry["schema_ref"] not in schemas:
            raise ValueError(f"{where}: schema_ref names no schema, or stands beside one")
        fields["schema"] = schemas[entry["schema_ref"]]
    return EventType(**fields)


def _recording(document: Mapping[str, Any], file: str) -> Recording:
    if unknown := sorted(document.keys() - _RECORDING_KEYS):
        raise ValueError(f"{file}: {unknown[0]!r} is none of {', '.join(sorted(_RECORDING_KEYS))}")
    if not isinstance(document.get("name"), str):
        raise ValueError(f"{file}: a recording has a name")  # noqa: TRY004 - the file's text is at fault
    fields = {key: value for key, value in document.items() if key not in ("body", "base64", "json", "event_types")}
    return Recording(**fields, event_types=tuple(document.get("event_types", ())), body=_body(document, file))


def _body(document: Mapping[str, Any], file: str) -> bytes:
    forms = [key for key in ("body", "base64", "json") if key in document]
    if len(forms) > 1:
        raise ValueError(f"{file}: one of body, base64 and json, not several")
    if "json" in document:
        return dumps(document["json"])
    if "base64" in document:
        return base64.b64decode(document["base64"], validate=True)
    return str(document.get("body", "")).encode()
