"""Recorded requests of a vendor: they serve its tests, its examples and docs, and `hub trigger`."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.model.json import dumps
from hub.sdk.package_files import json_files

__all__ = ["Recorded", "Recording"]

_KEYS = frozenset(
    {"name", "title", "event_types", "method", "query", "headers", "body", "base64", "json", "verified", "expect"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A request of a vendor, recorded without its signature: serves tests, examples, docs and `hub trigger`.

    Attributes:
        name: Short name, unique within the package.
        title: What it shows.
        event_types: Types of the events that it holds.
        query: Without the question mark.
        verified: Whether it is signed when sent; False for an unsigned handshake.
        expect: What the hub answers: `{"status", "body"?}`; empty if nothing particular is expected.
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
        requests = tuple(_recording(document, name) for name, document in json_files(package, "recorded"))
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


def _recording(document: Mapping[str, Any], file: str) -> Recording:
    if unknown := sorted(document.keys() - _KEYS):
        raise ValueError(f"{file}: {unknown[0]!r} is none of {', '.join(sorted(_KEYS))}")
    if not isinstance(document.get("name"), str):
        raise ValueError(f"{file}: a recording has a name")  # noqa: TRY004 - the text of the file is wrong, not a type
    fields = {key: value for key, value in document.items() if key not in ("body", "base64", "json", "event_types")}
    return Recording(**fields, event_types=tuple(document.get("event_types", ())), body=_body(document, file))


def _body(document: Mapping[str, Any], file: str) -> bytes:
    forms = [key for key in ("body", "base64", "json") if key in document]
    if len(forms) > 1:
        raise ValueError(f"{file}: give one of body, base64 and json, not several")
    if "json" in document:
        return dumps(document["json"])
    if "base64" in document:
        return base64.b64decode(document["base64"], validate=True)
    return str(document.get("body", "")).encode()
