"""The catalog: every type of the Events API, of interactivity, and slash commands.

Names are those of the inner event. Structure follows Slack's published SDK types; what payloads share (the envelope,
files, users, views) stands once in `definitions.json` and is put into each schema that refers to it. Only fields that
tell what happened to what are required.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

from hub import Catalog

__all__ = ["CATALOG"]

_REFERENCE = "#/$defs/"


def _catalog() -> Catalog:
    shared = json.loads(files("hub_slack").joinpath("definitions.json").read_text(encoding="utf-8"))
    complete: dict[int, Any] = {}
    types = Catalog.of_package("hub_slack").types
    for one in types:
        if id(one.schema) not in complete:
            complete[id(one.schema)] = _complete(one.schema, shared)
    return Catalog(tuple(replace(one, schema=complete[id(one.schema)]) for one in types))


def _complete(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with all definitions that it refers to, directly or through another one."""
    needed: dict[str, Any] = {}
    wanted = list(_references(schema))
    while wanted:
        name = wanted.pop()
        if name not in needed:
            needed[name] = shared[name]
            wanted += _references(shared[name])
    return {**schema, "$defs": dict(sorted(needed.items()))} if needed else dict(schema)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(_REFERENCE)
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


CATALOG = _catalog()
"""Every type with schema and example."""
